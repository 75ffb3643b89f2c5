#!/bin/sh
# The LaTeX tables in a real LaTeX, where there is one (apt-get install texlive-latex-recommended): hostile
# names, many schemes, wide rows, in one column and in two. TAP on stdout; the program under test is $LONGSHOT
# or build/longshot.
. "$(dirname "$0")/tap.sh"
command -v pdflatex >/dev/null || {
    echo "1..0 # SKIP no pdflatex (apt-get install texlive-latex-recommended)"
    exit 0
}

mkdir wide
awk 'BEGIN {
    print "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol"
    for (s = 0; s < 60; s++) for (seed = 1; seed <= 3; seed++) for (k = 0; k < 9; k++) {
        name = s == 7 ? "a_b & 50% #1 {x} ~^\\$" : sprintf("a_scheme_with_quite_a_long_name_%02d", s)
        printf "wide,c%d-%d,%s,%s,toy,valid,%d,64,%d,nonoverlapping,,ppl,,,,,%.6f,,4096,8,ok,p\n", s, seed, name, name, seed, 64 * 2 ^ k, 4 + s + k * seed / 9
    }
}' >wide/metrics.csv
{
    echo '{"claims": ['
    for i in 01 02 03 04 05 06 07 08 09 10 11 12; do
        [ $i = 01 ] || echo ,
        echo "{\"id\": \"c$i\", \"text\": \"a claim of many words that says at some length what the paper said about it $i\", \"source\": \"Somebody et al., a long title, Table 2 and the appendix\", \"op\": \"<\", \"left\": {\"encoding\": \"a_scheme_with_quite_a_long_name_$i\", \"length\": 512}, \"right\": {\"length\": 64}}"
    done
    echo ']}'
} >wide/config.json
check "tables are made" exits 0 "$longshot" report wide --no-plots
check "each with a label" sh -c "test \$(grep -c 'label{tab:wide-' wide/table.tex) = 1 && grep -q 'label{tab:wide-claims}' wide/claims.tex"
for option in a4paper twocolumn; do
    { printf '%s\n' "\\documentclass[$option]{article}" '\usepackage{booktabs,graphicx}\begin{document}'
        for f in table claims; do printf '\\input{wide/%s}\\clearpage\n' $f; done
        printf '%s\n' 'See Table~\ref{tab:wide-claims}.\end{document}'; } >$option.tex
    check "pdflatex takes them, $option" sh -c "pdflatex -interaction=nonstopmode -halt-on-error $option.tex && pdflatex -interaction=nonstopmode -halt-on-error $option.tex"
    check "nothing is wider than its place" sh -c "! grep Overfull $option.log"
    check "or longer than a page" sh -c "! grep 'too large' $option.log"
    check "and references are found" sh -c "! grep -E 'multiply|undefined' $option.log"
done
echo "1..$n"
exit $bad
