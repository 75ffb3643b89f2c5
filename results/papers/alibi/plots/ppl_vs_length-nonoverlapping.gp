# Perplexity by evaluation length: books, trained at 64 tokens
# Draw it again in this folder: gnuplot ppl_vs_length-nonoverlapping.gp
if (!exists('out')) out = 'ppl_vs_length-nonoverlapping'
data = 'ppl_vs_length-nonoverlapping.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 922,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 9.6042in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 1844,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 1844,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.07592
set rmargin at screen 0.77007
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'Perplexity by evaluation length: books, trained at 64 tokens' at screen 0.01735, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'test split, non-overlapping windows, 5 seeds, 65536 target tokens; line: mean, band: its 95% interval over seeds and text' at screen 0.01735, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'perplexity at 8x' at screen 0.78959, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.78959, screen 0.83929 left top Left reverse vertical maxrows 6 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
set logscale y 10
set yrange [3.96074185:32.7781789]
set xtics ("1x\n64" 1, "1.25x\n80" 1.25, "2x\n128" 2, "3x\n192" 3, "4x\n256" 4, "8x\n512" 8)
set ytics (4, 5, 6, 8, 10, 15, 20, 30)
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length (multiple of the training length, tokens)' offset 0,-1.1
set ylabel 'perplexity'
set arrow from first 1, graph 0 to first 1, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.04 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 32.7781789 ? $3 : NaN):4 with filledcurves lc rgb '#cc79a7' notitle, \
  data index 1 using 1:($4 <= 32.7781789 ? $3 : NaN):4 with filledcurves lc rgb '#009e73' notitle, \
  data index 2 using 1:($4 <= 32.7781789 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 3 using 1:($4 <= 32.7781789 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 title '25.26  rope', \
  data index 1 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 title '24.94  sinusoidal', \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title ' 4.98  alibi', \
  data index 3 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title ' 4.61  t5', \
  12.4204238 with lines lw 1.6 dt (1,3) lc rgb '#808080' title '12.42  bigram table', \
  7.65367902 with lines lw 1.6 dt (8,3,1,3) lc rgb '#808080' title ' 7.65  trigram table'
unset output
}
