# What the scripts of this folder share. Sourced, with the project's folder as the current one.

build=${CARGO_TARGET_DIR:-$PWD/target}

missing() {
    printf '%s: %s is missing. To install it:\n' "$0" "$1" >&2
    shift
    printf '    %s\n' "$@" >&2
    exit 1
}

# record NAME EXTENSION: the file of today's record on this machine.
record() {
    local cpu
    cpu=$(awk -F': ' '/^model name/ { name = $2 } /^cpu family/ { family = $2 }
        /^model\t/ { model = $2 } END { print name "-" family "-" model }' /proc/cpuinfo |
        tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9.-')
    mkdir -p "benches/record/${cpu:-unknown}"
    printf 'benches/record/%s/%s-%s.%s' "${cpu:-unknown}" "$(date +%F)" "$1" "$2"
}

# alone CPU COMMAND...: on one core only, where that can be asked for.
alone() {
    local core=$1
    shift
    if command -v taskset >/dev/null; then taskset -c "$core" "$@"; else "$@"; fi
}
