#compdef twinseal
_twinseal() {
    local -a words_of_twinseal
    local word
    while IFS= read -r word; do
        words_of_twinseal+=("$word")
    done < <(twinseal complete zsh $((CURRENT - 1)) -- "${words[@]}" 2>/dev/null)
    if (( ${#words_of_twinseal} )); then
        _describe twinseal words_of_twinseal
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_twinseal" ]; then
    _twinseal "$@"
else
    compdef _twinseal twinseal
fi
