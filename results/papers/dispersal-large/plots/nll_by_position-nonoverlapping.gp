# NLL by position in windows of 512 tokens (8x): books, trained at 64 tokens
# Draw it again in this folder: gnuplot nll_by_position-nonoverlapping.gp
if (!exists('out')) out = 'nll_by_position-nonoverlapping'
data = 'nll_by_position-nonoverlapping.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1237,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 12.8854in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2474,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2474,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.05659
set rmargin at screen 0.57397
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'NLL by position in windows of 512 tokens (8x): books, trained at 64 tokens' at screen 0.01293, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'test split, non-overlapping windows, 2 seeds, 65536 target tokens; PARTIAL: 6 of 12 cells; band: seeds and one standard error over windows, only down to 128 targets a point' at screen 0.01293, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'NLL at the last positions' at screen 0.58852, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.58852, screen 0.83929 left top Left reverse vertical maxrows 10 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.9:537.6]
unset logscale y
set yrange [1.46524222:2.7698254]
set xtics ("1" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128, "256" 256, "512" 512)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'tokens of context (position in the window)' offset 0,-0.3
set ylabel 'NLL (nats per token)'
set arrow from first 64, graph 0 to first 64, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 64, graph 1.04 center font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 1 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 2 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 3 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 4 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 5 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 6 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 7 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 8 using 1:($4 <= 2.7698254 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 pi 2 title '1.93  t5[steps=2000,lr=0.003]', \
  data index 1 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 pi 2 title '1.63  t5[steps=2000,lr=0.003] as t5[steps=2000,lr=0.003]+align-ent…', \
  data index 2 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 pi 2 title '1.62  t5[steps=2000,lr=0.003] as t5[steps=2000,lr=0.003]+align-max…', \
  data index 3 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 pi 2 title '1.61  t5[steps=2000,lr=0.01]', \
  data index 4 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 8 ps 1 pi 2 title '1.60  t5[steps=2000,lr=0.01] as t5[steps=2000,lr=0.01]+align-entro…', \
  data index 5 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 4 ps 1 pi 2 title '1.60  t5[steps=2000,lr=0.02] as t5[steps=2000,lr=0.02]+align-entro…', \
  data index 6 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 pi 2 title '1.60  t5[steps=2000,lr=0.01] as t5[steps=2000,lr=0.01]+align-max_p…', \
  data index 7 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 8 ps 1 pi 2 title '1.60  t5[steps=2000,lr=0.02] as t5[steps=2000,lr=0.02]+align-max_p…', \
  data index 8 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 pi 2 title '1.60  t5[steps=2000,lr=0.02]'
unset output
}
