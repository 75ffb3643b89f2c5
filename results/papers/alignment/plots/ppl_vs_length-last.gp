# Perplexity by evaluation length: books, trained at 64 tokens
# Draw it again in this folder: gnuplot ppl_vs_length-last.gp
if (!exists('out')) out = 'ppl_vs_length-last'
data = 'ppl_vs_length-last.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1097,645 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 11.4271in,6.7188in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2194,1290 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2194,1290 fontscale 2 linewidth 2 pointscale 2 noenhanced
  }
}
}
set output out.'.'.kind
reset
set datafile missing '?'
set border 3 lw 1 lc rgb '#707070'
set tics nomirror out scale 0.6 textcolor rgb '#202020'
set grid xtics ytics lt 1 lw 0.6 lc rgb '#e4e4e4'
set style fill transparent solid 0.15 noborder
unset label
unset arrow
set lmargin at screen 0.06381
set rmargin at screen 0.64722
set tmargin at screen 0.86977
set bmargin at screen 0.12093
set label 'Perplexity by evaluation length: books, trained at 64 tokens' at screen 0.01459, screen 0.96589 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'test split, last 16 tokens of each window, 5 seeds, 32768 target tokens; line: mean, band: its 95% interval over seeds and text' at screen 0.01459, screen 0.93178 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'perplexity at 8x' at screen 0.66363, screen 0.87597 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.66363, screen 0.86047 left top Left reverse vertical maxrows 18 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
set logscale y 10
set yrange [3.86764673:48.298746]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics (4, 5, 6, 8, 10, 15, 20, 30, 40)
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length (multiple of the training length, tokens)' offset 0,-1.1
set ylabel 'perplexity'
set arrow from first 1, graph 0 to first 1, graph 1.012 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.033 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 1 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 2 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 3 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 4 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 5 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 6 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 7 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 8 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 9 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 10 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 11 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 12 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 13 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 14 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 15 using 1:($4 <= 48.298746 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 12 ps 1 title '35.72  nope as nope+align-entropy', \
  data index 1 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 14 ps 1 title '34.06  nope as nope+align-max_prob', \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '29.03  nope', \
  data index 3 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#0072b2' pt 14 ps 1 title ' 6.33  alibi as alibi+align-entropy', \
  data index 4 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#0072b2' pt 6 ps 1 title ' 5.07  alibi as alibi+align-max_prob', \
  data index 5 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title ' 4.99  alibi', \
  data index 6 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 title ' 4.68  t5 as t5+tau0.7', \
  data index 7 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#e69f00' pt 10 ps 1 title ' 4.64  kerple_log as kerple_log+align-max_prob', \
  data index 8 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#e69f00' pt 8 ps 1 title ' 4.64  kerple_log as kerple_log+align-entropy', \
  data index 9 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 title ' 4.64  kerple_log', \
  data index 10 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 title ' 4.62  t5 as t5+tau0.8', \
  data index 11 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title ' 4.59  t5', \
  data index 12 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 title ' 4.59  t5 as t5+align-entropy', \
  data index 13 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 title ' 4.59  t5 as t5+align-entropy-head', \
  data index 14 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 8 ps 1 title ' 4.58  t5 as t5+tau0.9', \
  data index 15 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 14 ps 1 title ' 4.58  t5 as t5+align-max_prob', \
  11.9097273 with lines lw 1.6 dt (1,3) lc rgb '#808080' title '11.91  bigram table', \
  7.58109911 with lines lw 1.6 dt (8,3,1,3) lc rgb '#808080' title ' 7.58  trigram table'
unset output
}
