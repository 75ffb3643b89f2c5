# NLL by position in windows of 512 tokens (8x): books, trained at 64 tokens
# Draw it again in this folder: gnuplot nll_by_position-nonoverlapping.gp
if (!exists('out')) out = 'nll_by_position-nonoverlapping'
data = 'nll_by_position-nonoverlapping.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 956,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 9.9583in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 1912,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 1912,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.07322
set rmargin at screen 0.74268
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'NLL by position in windows of 512 tokens (8x): books, trained at 64 tokens' at screen 0.01674, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'test split, non-overlapping windows, 5 seeds, 65536 target tokens; band: seeds and one standard error over windows, only down to 128 targets a point' at screen 0.01674, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'NLL at the last positions' at screen 0.76151, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.76151, screen 0.83929 left top Left reverse vertical maxrows 5 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.9:537.6]
unset logscale y
set yrange [1.30225892:4.13495376]
set xtics ("1" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128, "256" 256, "512" 512)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'tokens of context (position in the window)' offset 0,-0.3
set ylabel 'NLL (nats per token)'
set arrow from first 64, graph 0 to first 64, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 64, graph 1.04 center font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 4.13495376 ? $3 : NaN):4 with filledcurves lc rgb '#cc79a7' notitle, \
  data index 1 using 1:($4 <= 4.13495376 ? $3 : NaN):4 with filledcurves lc rgb '#009e73' notitle, \
  data index 2 using 1:($4 <= 4.13495376 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 3 using 1:($4 <= 4.13495376 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 pi 2 title '3.87  rope', \
  data index 1 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 pi 2 title '3.48  sinusoidal', \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 pi 2 title '1.58  alibi', \
  data index 3 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 pi 2 title '1.50  t5'
unset output
}
