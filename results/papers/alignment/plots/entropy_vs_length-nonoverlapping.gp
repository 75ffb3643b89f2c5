# Attention entropy by evaluation length: books, trained at 64 tokens
# Draw it again in this folder: gnuplot entropy_vs_length-nonoverlapping.gp
if (!exists('out')) out = 'entropy_vs_length-nonoverlapping'
data = 'entropy_vs_length-nonoverlapping.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1380,576 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 14.3750in,6.0000in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2760,1152 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2760,1152 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set multiplot
unset label
unset arrow
set lmargin at screen 0.05072
set rmargin at screen 0.36232
set tmargin at screen 0.85417
set bmargin at screen 0.13542
set label 'Attention entropy by evaluation length: books, trained at 64 tokens' at screen 0.01159, screen 0.96181 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'mean over layers and heads, queries of the last positions; test split, non-overlapping windows, 5 seeds, 65536 target tokens; line: mean, band: its 95% interval over seeds' at screen 0.01159, screen 0.92361 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
unset key
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.0849199793:0.892445611]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'attention entropy / ln(visible keys)'
set arrow from first 1, graph 0 to first 1, graph 1.014 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.039 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 1 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 2 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 3 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 4 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 5 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 6 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 7 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 8 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 9 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 10 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 11 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 12 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 13 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 14 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 15 using 1:($4 <= 0.892445611 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 notitle, \
  data index 1 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 notitle, \
  data index 2 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#0072b2' pt 6 ps 1 notitle, \
  data index 3 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#0072b2' pt 14 ps 1 notitle, \
  data index 4 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 14 ps 1 notitle, \
  data index 5 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 12 ps 1 notitle, \
  data index 6 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 notitle, \
  data index 7 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 14 ps 1 notitle, \
  data index 8 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 8 ps 1 notitle, \
  data index 9 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 notitle, \
  data index 10 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 11 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#e69f00' pt 10 ps 1 notitle, \
  data index 12 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#e69f00' pt 8 ps 1 notitle, \
  data index 13 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 notitle, \
  data index 14 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 15 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 notitle
unset label
unset arrow
set lmargin at screen 0.41304
set rmargin at screen 0.72464
set tmargin at screen 0.85417
set bmargin at screen 0.13542
set label 'entropy / ln n at 8x' at screen 0.73768, screen 0.86111 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.73768, screen 0.84375 left top Left reverse vertical maxrows 17 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.447242426:5.30064761]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'attention entropy (nats)'
set arrow from first 1, graph 0 to first 1, graph 1.014 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.039 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 16 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 17 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 18 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 19 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 20 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 21 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 22 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 23 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 24 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 25 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 26 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 27 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 28 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 29 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 30 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 31 using 1:($4 <= 5.30064761 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 16 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '0.83  nope', \
  data index 17 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title '0.65  alibi', \
  data index 18 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#0072b2' pt 6 ps 1 title '0.61  alibi as alibi+align-max_prob', \
  data index 19 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#0072b2' pt 14 ps 1 title '0.51  alibi as alibi+align-entropy', \
  data index 20 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 14 ps 1 title '0.47  nope as nope+align-max_prob', \
  data index 21 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 12 ps 1 title '0.43  nope as nope+align-entropy', \
  data index 22 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title '0.25  t5', \
  data index 23 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 14 ps 1 title '0.21  t5 as t5+align-max_prob', \
  data index 24 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 8 ps 1 title '0.20  t5 as t5+tau0.9', \
  data index 25 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 title '0.18  t5 as t5+align-entropy-head', \
  data index 26 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 title '0.18  t5 as t5+align-entropy', \
  data index 27 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#e69f00' pt 10 ps 1 title '0.18  kerple_log as kerple_log+align-max_prob', \
  data index 28 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#e69f00' pt 8 ps 1 title '0.18  kerple_log as kerple_log+align-entropy', \
  data index 29 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 title '0.18  kerple_log', \
  data index 30 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 title '0.16  t5 as t5+tau0.8', \
  data index 31 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 title '0.13  t5 as t5+tau0.7'
unset multiplot
unset output
}
