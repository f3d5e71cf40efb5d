#!/bin/sh
# A complete story in a new folder: create a register, file changes, approve, start and finish one, verify. At the end a
# copy of the file is edited without twinseal, and `verify` names the broken entry.
#
#   sh examples/quickstart.sh [FOLDER [PROGRAM]]      (default: ./playground)
#
# PROGRAM is an installed twinseal. Without it, the program is built first.

set -eu

project=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-playground}
case $folder in
/*) ;;
*) folder=$PWD/$folder ;;
esac
if [ -e "$folder" ]; then
    echo "$folder exists already: remove it, or name another folder: sh examples/quickstart.sh FOLDER" >&2
    exit 2
fi

if [ $# -ge 2 ]; then
    program=$2
else
    echo "Building (the first time takes a few minutes) ..."
    cargo build --locked --manifest-path "$project/Cargo.toml"
    target=$(cargo metadata --format-version 1 --no-deps --offline --manifest-path "$project/Cargo.toml" |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    program=$target/debug/twinseal
fi

mkdir "$folder"
cd "$folder"
cp -R "$project/examples" changes

# Six people on one machine. Like six accounts, each has a key, a configuration and a pin of their own.
cat > as <<PERSON
#!/bin/sh
# as PERSON COMMAND...: runs twinseal as that person
if [ \$# -lt 2 ]; then
    echo "usage: ./as PERSON COMMAND..., for example: ./as carol inbox" >&2
    exit 2
fi
home="$folder/people/\$1"
shift
unset TWINSEAL_AS TWINSEAL_REGISTER XDG_CONFIG_HOME XDG_STATE_HOME
HOME="\$home" TWINSEAL_KEY="\$home/key" exec \\
    "$program" "\$@"
PERSON
chmod +x as

title() {
    printf '\n== %s\n' "$*"
}
# Prints a command as a user would type it.
typed() {
    printf '\n$'
    for word; do
        case $word in
        *' '*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}
run() {
    typed "$@"
    "$@"
}
# refused CODE COMMAND...: runs a command that must fail with this exit code.
refused() {
    expected=$1
    shift
    typed "$@"
    code=0
    "$@" || code=$?
    if [ "$code" -ne "$expected" ]; then
        echo "expected exit code $expected and got $code" >&2
        exit 1
    fi
    echo "(exit code $code)"
}
# Prints the example change $1 with a window that is open now.
due_now() {
    start=$(date -u '+%Y-%m-%dT%H:%M:00Z')
    end=$(date -u -d '+2 hours' '+%Y-%m-%dT%H:%M:00Z' 2> /dev/null || date -u -v+2H '+%Y-%m-%dT%H:%M:00Z')
    sed -e "s/^start = .*/start = \"$start\"/" -e "s/^end = .*/end = \"$end\"/" "$1"
}

title "Six people each make a key and an enrolment request"
for member in alice:admin bob:admin erin:engineer,approver carol:approver dave:approver audrey:auditor; do
    person=${member%:*}
    mkdir -p "people/$person"
    run ./as "$person" key new --no-passphrase "people/$person/key"
    run ./as "$person" person request "$person" --role "${member#*:}" --register demo --out "$person.request"
done

title "alice creates the register; it accepts nothing until bob, the other admin, has sealed it"
run ./as alice init --name demo --register demo.db \
    --member alice=alice.request:admin --member bob=bob.request:admin \
    --member erin=erin.request:engineer,approver \
    --member carol=carol.request:approver --member dave=dave.request:approver \
    --member audrey=audrey.request:auditor | tee founded
fingerprint=$(sed -n -e 's/^fingerprint //p' -e 's/^指纹 //p' founded)
run ./as bob seal --register demo.db --fingerprint "$fingerprint" --digest "$fingerprint"

title "The others open the register for the first time and check its fingerprint"
for person in erin carol dave audrey; do
    run ./as "$person" list --register demo.db --fingerprint "$fingerprint"
done

title "erin files three changes; the window of the first one is open"
due_now changes/order-gateway-pool.toml > changes/now.toml
run ./as erin check changes/now.toml
run ./as erin file changes/now.toml
run ./as erin file changes/market-data-failover.toml
run ./as erin file changes/fix-tls-rotation.toml
run ./as erin list

title "carol reads the first change"
run ./as carol show CHG-1 | tee shown
revision=$(sed -n -e 's/^revision  *1 //p' -e 's/^修订  *1 //p' shown)

title "erin is an approver, but cannot approve her own change"
refused 1 ./as erin approve CHG-1 --revision "$revision"

title "One approval is not enough; two are required"
run ./as carol approve CHG-1 --revision "$revision"
refused 1 ./as erin start CHG-1 \
    --artifact gateway-pool.toml=changes/artifacts/gateway-pool.toml \
    --artifact role-limit.sql=changes/artifacts/role-limit.sql
run ./as dave approve CHG-1 --revision "$revision"

title "An artifact that differs from the approved one is refused"
sed 's/160/161/' changes/artifacts/gateway-pool.toml > slipped-in.toml
refused 1 ./as erin start CHG-1 --artifact gateway-pool.toml=slipped-in.toml \
    --artifact role-limit.sql=changes/artifacts/role-limit.sql
run ./as erin start CHG-1 --artifact gateway-pool.toml=changes/artifacts/gateway-pool.toml \
    --artifact role-limit.sql=changes/artifacts/role-limit.sql
run ./as erin finish CHG-1 --outcome succeeded --note "160 a node; no rejects in ten minutes of replay"
run ./as audrey log

title "audrey, the auditor, verifies the register"
run ./as audrey verify

title "In an edited copy of the file the two approvals of CHG-1 are approvals of CHG-2"
for file in demo.db demo.db-wal; do
    [ ! -e "$file" ] || LC_ALL=C sed '/change.approve\/v1/,/^revision/s/^change CHG-1$/change CHG-2/' "$file" > "edited-$file"
done
refused 3 ./as audrey verify --register edited-demo.db

cat <<NEXT

Done. Everything is in $folder. Go there and try, for example:

  ./as carol approve CHG-2        read a change on your terminal and sign it
  ./as dave reject CHG-3 --reason "not in the last week of the quarter"
  ./as erin draft > my.toml       write your own change, then: ./as erin file my.toml
  ./as audrey log --raw --seq 6   the exact bytes of the entry that carol signed
NEXT
