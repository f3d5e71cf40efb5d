# Functions of the scripts beside this one: they run the program as somebody, and time pairs of commands. Each figure is the
# median of pairs; the two runs of a pair follow each other directly, so that a change in the machine's speed affects both.
# Needs $program, $work and, once a register is met, $fingerprint.

# as HOME PERSON FILE WORDS...: runs the program with a person's key and a home folder of its own.
as() {
    local home=$work/$1 key=$work/made/people/$2/key file=$3
    shift 3
    [[ -d $home ]] || mkdir "$home"
    env -i PATH="$PATH" HOME="$home" TWINSEAL_KEY="$key" $before "$program" --register "$file" "$@"
}
# Starts a baseline like the program, with an empty environment, so that short times are comparable.
plain() { env -i PATH="$PATH" "$@"; }
before= # a command that runs the program, such as taskset; usually empty
meet() { quiet as "$1" "$2" "$3" --fingerprint "$fingerprint" list --limit 1; }

quiet() { "$@" > out 2> err || { cat out err >&2; echo "failed: $*" >&2; exit 1; }; }
# Prints the wall time of a command in seconds.
wall() {
    local begun=$EPOCHREALTIME
    quiet "$@"
    awk -v begun="$begun" -v ended="$EPOCHREALTIME" 'BEGIN { printf "%.6f\n", ended - begun }'
}
median() { sort -n | awk '{ it[NR] = $1 } END { print (it[int((NR + 1) / 2)] + it[int((NR + 2) / 2)]) / 2 }'; }
shown() { awk -v s="$1" 'BEGIN { if (s < 0.1) printf "%.1f ms", 1000 * s; else printf "%.2f s", s }'; }
row() { echo "| $1 | $2 | $3 | **$4** | $5 |" | tee -a table; }

# pair RUNS WHAT BAR A B: prints a row with the median of A, of B and of their ratio. A and B print seconds; the number of
# the run is in $run.
pair() {
    local run ratio
    : > a
    : > b
    for run in $(seq "$1"); do
        eval "$4" >> a
        eval "$5" >> b
    done
    ratio=$(paste a b | awk '{ print $1 / $2 }' | median)
    row "$2" "$(shown "$(median < a)")" "$(shown "$(median < b)")" "$(printf %.2f "$ratio")" "$3"
}

table_begins() {
    printf '%s\n' '| measure; baseline | measured | baseline | ratio | bar |' '|---|---|---|---|---|' | tee table
}
