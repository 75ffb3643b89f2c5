#!/bin/sh
# A pipe has the status of its last command: `cmd | tail || exit 1` never fails. Recipes and scripts may not
# judge a pipe whose last command is a filter that takes anything. Prints each breach; exits 1 after one.
set -u
cd "$(dirname "$0")/../../.." || exit 2
out=$(git ls-files --cached --others --exclude-standard Makefile run_all.sh .ci '*.sh' | while read -r file; do
    [ -f "$file" ] || continue
    grep -nE '\| *(tail|head|tee|sort|cat|sed|cut|tr|wc)\b[^|]*(\|\||&&) *(exit|\{|return|die)' "$file" |
        grep -v '^[0-9]*: *#' | sed "s|^|$file:|; s|\$|: the status is that of the filter|"
done)
[ -z "$out" ] || { printf '%s\n' "$out" >&2; exit 1; }
