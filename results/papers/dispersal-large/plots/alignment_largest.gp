# Attention before and after alignment: books, trained at 64 tokens
# Draw it again in this folder: gnuplot alignment_largest.gp
if (!exists('out')) out = 'alignment_largest'
data = 'alignment_largest.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1273,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 13.2604in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2546,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2546,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.05499
set rmargin at screen 0.39277
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'Attention before and after alignment: books, trained at 64 tokens' at screen 0.01257, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'test split, alignment, 2 seeds; PARTIAL: 6 of 12 cells; line: mean, band: lowest to highest seed' at screen 0.01257, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
unset key
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.211134278:0.78236537]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'largest weight as trained'
set arrow from first 1, graph 0 to first 1, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.04 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 0.78236537 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 1 using 1:($4 <= 0.78236537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 2 using 1:($4 <= 0.78236537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 notitle, \
  data index 1 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 notitle
unset label
unset arrow
set lmargin at screen 0.44776
set rmargin at screen 0.78555
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'as trained, longest windows' at screen 0.79969, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.79969, screen 0.83929 left top Left reverse vertical maxrows 4 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.211134278:0.78236537]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'largest weight aligned'
set arrow from first 1, graph 0 to first 1, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.04 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 3 using 1:($4 <= 0.78236537 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 4 using 1:($4 <= 0.78236537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 5 using 1:($4 <= 0.78236537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 3 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '0.67  t5[steps=2000,lr=0.02]', \
  data index 4 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 title '0.59  t5[steps=2000,lr=0.01]', \
  data index 5 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title '0.24  t5[steps=2000,lr=0.003]'
unset multiplot
unset output
}
