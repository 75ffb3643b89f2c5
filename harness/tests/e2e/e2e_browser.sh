#!/bin/sh
# report.html in a real browser, where there is one (apt-get install chromium): a made-up study of forty
# schemes, and what a reader does with its page (browser_driver.js). TAP on stdout; the program under test is
# $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "1..0 # SKIP no chromium (apt-get install chromium)"
    exit 0
}

# look URL FLAG...: stdout to `dom`, what the page says to the console to `console`.
look() {
    url=$1
    shift
    HOME=$tmp timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$tmp/profile" \
        --no-first-run --disable-background-networking --host-resolver-rules="MAP * ~NOTFOUND" --hide-scrollbars \
        --enable-logging=stderr --v=0 "$@" "$url" >dom 2>log
    grep 'CONSOLE' log >console
    return 0
}

# ------------------------------------------------------------------------------------ a planted study
# Forty schemes, one named like markup; two modes, entropies by head, positions; one seed diverged, one scheme
# cannot read long sequences, one explodes.
mkdir study
awk 'BEGIN {
    print "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol"
    for (s = 0; s < 40; s++) for (seed = 1; seed <= 3; seed++) for (m = 0; m < 2; m++) for (k = 0; k < 4; k++) {
        len = 64 * 2 ^ k
        name = s == 17 ? "<img src=x onerror=pwned=1>" : sprintf("scheme_%02d", s)
        id = sprintf("planted,c%d-%d,%s,%s,toy,valid,%d,64,%d,%s,%s,", s, seed, name, name, seed, len, m ? "sliding" : "nonoverlapping", m ? 32 : "")
        status = s == 7 && seed == 2 && k == 3 ? "diverged" : s == 9 && k > 1 ? "not_applicable" : "ok"
        ppl = (4 + s / 10 + m / 10) * (1 + k * k * (s % 5) * (1 + s / 20) / 20) + seed / 50
        if (s == 11 && k > 1) ppl *= 400
        v = status == "ok"
        print id "ppl,,,,," (v ? ppl : "") ",,4096,8," status ",p"
        print id "nll,,,,," (v ? log(ppl) : "") ",,4096,8," status ",p"
        if (m || !v) continue
        for (l = -1; l < 4; l++) for (h = l < 0 ? 3 : 0; h < 4; h++) {
            e = l < 0 ? (4 + s % 7 + k) / 17 : (1 + l + h + s % 7 + k) / 17
            at = l < 0 ? ",,,," : l "," h ",,,"
            print id "attention_entropy_normalized," at e ",,4096,8,ok,p"
            print id "attention_entropy," at e * log(len) ",,4096,8,ok,p"
        }
        n = split("0 1 2 4 8 12 16 24 32 48 64 80 96 128 160 192 256 320 384 448 512", p, " ")
        for (i = 1; i < n && p[i + 1] <= len; i++)
            print id "nll,,," p[i] "," p[i + 1] "," log(ppl) + 1 / (1 + p[i]) + seed / 90 ",0.02,4096,8,ok,p"
    }
}' >study/metrics.csv
awk 'BEGIN {
    print "cell,step,tokens,train_nll,lr,grad_norm"
    for (s = 0; s < 40; s++) for (k = 1; k <= 3; k++) for (i = 1; i <= 150; i++)
        printf "c%d-%d,%d,%d,%.4f,0.001,1\n", s, k, i * 10, i * 10240, 1.3 + s / 40 + 4 / (1 + i / 4)
}' >study/train.csv
cat >study/config.json <<'JSON'
{"name": "planted", "claims": [{"id": "c", "text": "a claim", "source": "http://example.org/ <i>", "op": "<",
  "left": {"encoding": "scheme_39", "length": 512}, "right": {"encoding": "scheme_01", "length": 512}}]}
JSON
check "a page is made" exits 0 "$longshot" report study --no-plots
check "of less than 500 kB" test "$(wc -c <study/report.html)" -lt 500000
check "that refers to nothing outside" sh -c "tr '\n' ' ' <study/report.html | grep -oE '<[a-z][^>]*>' | sed 's/=\"[^#\"][^\"]*\"/=\"\"/g' | grep -E '( src| srcset| href=\"\"|<link|<base|<iframe|<object)' && exit 1
    grep -nE '(url\(|@import|[^0-9]fetch\(|import\()' study/report.html && exit 1; exit 0"

# ----------------------------------------------------------------------------------------- read by hand
page=file://$tmp/study/report.html
{ sed '/^<\/body>$/,$d' study/report.html; echo '<script>'; cat "$root/harness/tests/e2e/browser_driver.js"; echo '</script></body></html>'; } >study/driven.html
look "file://$tmp/study/driven.html" --window-size=1200,900 --dump-dom
sed -n 's/.*\(<pre data-toggle\)/\1/p; /^\(not \)\{0,1\}ok /p' dom | sed 's/^<pre[^>]*>//; s/<\/pre>.*//' >steps
check "the driver came to its end" grep -q '^ok everything has a name' steps
while read -r line; do
    case $line in
    ok\ *) check "${line#ok }" true ;;
    not\ ok\ *) check "${line#not ok }" false ;;
    esac
done <steps
load=$(awk -v n="$(nproc)" '{ x = $1 / n; print (x > 1 ? x : 1) }' /proc/loadavg) # others may have the processors
toggle=$(sed -n 's/.*data-toggle="\([0-9.]*\)".*/\1/p' dom)
check "a toggle of forty curves takes less than 100 ms (took ${toggle:-?})" awk "BEGIN { exit !(${toggle:-1e9} < 100 * $load) }"
check "nothing is said to the console" test ! -s console

# ------------------------------------------------------------------------------------- links and paper
pressed() { grep -o 'aria-pressed="true"' dom | wc -l; }
look "$page#scheme_01,scheme_03;mode=sliding" --window-size=1200,900 --dump-dom
check "a link shows what it was made of" test "$(pressed)" = 2
check "in its view" sh -c "grep -o '<section class=\"view\"[^>]*hidden' dom | grep -c nonoverlapping | grep -qx 1"
check "without a word" test ! -s console
look "$page#nosuch;mode=%E0%A4%A;=;view=<b>" --window-size=1200,900 --dump-dom
check "a broken link shows the page" test "$(pressed)" = 9
check "and breaks nothing" test ! -s console
look "file://$tmp/study/driven.html" --window-size=390,800 --dump-dom
check "on a phone nothing is cut off at the side" grep -q '>ok on a phone nothing is cut off' dom

check "on a phone charts are drawn for it" grep -q 'viewBox="0 0 [345][0-9][0-9] 330"' dom
look "$page" --no-pdf-header-footer --print-to-pdf="$tmp/page.pdf"
check "it is printed" sh -c "head -c 5 page.pdf | grep -q '%PDF-' && test \$(wc -c <page.pdf) -gt 20000"
check "with nothing on the console" test ! -s console
echo "1..$n"
exit $bad
