# NLL by learning rate: books, trained at 64 tokens
# Draw it again in this folder: gnuplot lr.gp
if (!exists('out')) out = 'lr'
data = 'lr.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1346,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 14.0208in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2692,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2692,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.05201
set rmargin at screen 0.37147
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'NLL by learning rate: books, trained at 64 tokens' at screen 0.01189, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'valid split, last 16 tokens of each window, 1 seed, 32768 target tokens' at screen 0.01189, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
unset key
set logscale x 2
set xrange [0.00210224104:0.0237841423]
unset logscale y
set yrange [1.41755561:2.04208221]
set xtics ("0.0025" 0.0025, "0.005" 0.005, "0.01" 0.01, "0.02" 0.02)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'peak learning rate' offset 0,-0.3
set ylabel 'NLL at 1x (nats)'
plot data index 0 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 4 ps 1 notitle, \
  data index 1 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 notitle, \
  data index 2 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#000000' pt 6 ps 1 notitle, \
  data index 3 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 notitle, \
  data index 4 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 notitle, \
  data index 5 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 8 ps 1 notitle, \
  data index 6 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 7 using 1:2 with linespoints lw 2 dt 1 lc rgb '#000000' pt 13 ps 1 notitle, \
  data index 8 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 notitle, \
  data index 9 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 notitle, \
  data index 10 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 notitle, \
  data index 11 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#56b4e9' pt 11 ps 1 notitle
unset label
unset arrow
set lmargin at screen 0.42348
set rmargin at screen 0.74294
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'NLL at the highest rate, training length' at screen 0.75632, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.75632, screen 0.83929 left top Left reverse vertical maxrows 13 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.00210224104:0.0237841423]
unset logscale y
set yrange [1.27451708:5.37111931]
set xtics ("0.0025" 0.0025, "0.005" 0.005, "0.01" 0.01, "0.02" 0.02)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'peak learning rate' offset 0,-0.3
set ylabel 'NLL at 8x (nats)'
plot data index 12 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 4 ps 1 title '2.01  window-16', \
  data index 13 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '1.82  nope', \
  data index 14 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#000000' pt 6 ps 1 title '1.82  window-64', \
  data index 15 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 title '1.62  sinusoidal', \
  data index 16 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title '1.60  alibi', \
  data index 17 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 8 ps 1 title '1.53  smoothed', \
  data index 18 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 title '1.51  kerple_power', \
  data index 19 using 1:2 with linespoints lw 2 dt 1 lc rgb '#000000' pt 13 ps 1 title '1.51  sandwich', \
  data index 20 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 title '1.50  kerple_log', \
  data index 21 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title '1.48  t5', \
  data index 22 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 title '1.47  rope', \
  data index 23 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#56b4e9' pt 11 ps 1 title '1.46  gaussian'
unset multiplot
unset output
}
