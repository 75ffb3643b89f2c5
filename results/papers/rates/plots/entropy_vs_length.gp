# Attention entropy by evaluation length: books, trained at 64 tokens
# Draw it again in this folder: gnuplot entropy_vs_length.gp
if (!exists('out')) out = 'entropy_vs_length'
data = 'entropy_vs_length.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1273,1289 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 13.2604in,13.4271in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2546,2578 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2546,2578 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set tmargin at screen 0.93483
set bmargin at screen 0.06051
set label 'Attention entropy by evaluation length: books, trained at 64 tokens' at screen 0.01257, screen 0.98293 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'mean over layers and heads, queries of the last positions; valid split, last 16 tokens of each window, 1 seed, 32768 target tokens' at screen 0.01257, screen 0.96587 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
unset key
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.0122688118:0.96463527]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'attention entropy / ln(visible keys)'
set arrow from first 1, graph 0 to first 1, graph 1.005 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.014 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#000000' pt 9 ps 1 notitle, \
  data index 1 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#009e73' pt 12 ps 1 notitle, \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 4 ps 1 notitle, \
  data index 3 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 12 ps 1 notitle, \
  data index 4 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 9 ps 1 notitle, \
  data index 5 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 notitle, \
  data index 6 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#e69f00' pt 6 ps 1 notitle, \
  data index 7 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 7 ps 1 notitle, \
  data index 8 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 notitle, \
  data index 9 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#0072b2' pt 9 ps 1 notitle, \
  data index 10 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#0072b2' pt 4 ps 1 notitle, \
  data index 11 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 5 ps 1 notitle, \
  data index 12 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 10 ps 1 notitle, \
  data index 13 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#e69f00' pt 10 ps 1 notitle, \
  data index 14 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 12 ps 1 notitle, \
  data index 15 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 8 ps 1 notitle, \
  data index 16 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#e69f00' pt 13 ps 1 notitle, \
  data index 17 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 notitle, \
  data index 18 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' pt 6 ps 1 notitle, \
  data index 19 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 notitle, \
  data index 20 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#0072b2' pt 8 ps 1 notitle, \
  data index 21 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 notitle, \
  data index 22 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#009e73' pt 7 ps 1 notitle, \
  data index 23 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#56b4e9' pt 5 ps 1 notitle, \
  data index 24 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' pt 15 ps 1 notitle, \
  data index 25 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 14 ps 1 notitle, \
  data index 26 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#000000' pt 7 ps 1 notitle, \
  data index 27 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#000000' pt 6 ps 1 notitle, \
  data index 28 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#d55e00' pt 4 ps 1 notitle, \
  data index 29 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#d55e00' pt 11 ps 1 notitle, \
  data index 30 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#56b4e9' pt 14 ps 1 notitle, \
  data index 31 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#000000' pt 12 ps 1 notitle, \
  data index 32 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#cc79a7' pt 13 ps 1 notitle, \
  data index 33 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 notitle, \
  data index 34 using 1:2 with linespoints lw 2 dt 1 lc rgb '#000000' pt 13 ps 1 notitle, \
  data index 35 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#0072b2' pt 13 ps 1 notitle, \
  data index 36 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 37 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#e69f00' pt 9 ps 1 notitle, \
  data index 38 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 4 ps 1 notitle, \
  data index 39 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#d55e00' pt 15 ps 1 notitle, \
  data index 40 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#0072b2' pt 5 ps 1 notitle, \
  data index 41 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#cc79a7' pt 14 ps 1 notitle, \
  data index 42 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#56b4e9' pt 11 ps 1 notitle, \
  data index 43 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#cc79a7' pt 5 ps 1 notitle, \
  data index 44 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#cc79a7' pt 10 ps 1 notitle, \
  data index 45 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#0072b2' pt 10 ps 1 notitle, \
  data index 46 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#cc79a7' pt 15 ps 1 notitle
unset label
unset arrow
set lmargin at screen 0.44776
set rmargin at screen 0.78555
set tmargin at screen 0.93483
set bmargin at screen 0.06051
set label 'entropy / ln n at 8x' at screen 0.79969, screen 0.93794 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.79969, screen 0.93018 left top Left reverse vertical maxrows 48 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.0763533399:6.00343429]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'attention entropy (nats)'
set arrow from first 1, graph 0 to first 1, graph 1.005 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.014 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 47 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#000000' pt 9 ps 1 title ' 0.92  nope-lr-0.0025', \
  data index 48 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#009e73' pt 12 ps 1 title ' 0.92  window-64-lr-0.0025', \
  data index 49 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 4 ps 1 title ' 0.90  window-64-lr-0.005', \
  data index 50 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 12 ps 1 title ' 0.90  nope-lr-0.005', \
  data index 51 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 9 ps 1 title ' 0.88  window-64-lr-0.01', \
  data index 52 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 title ' 0.87  nope-lr-0.01', \
  data index 53 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#e69f00' pt 6 ps 1 title ' 0.81  sinusoidal-lr-0.01', \
  data index 54 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 7 ps 1 title ' 0.81  gaussian-lr-0.0025', \
  data index 55 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 title ' 0.77  nope-lr-0.02', \
  data index 56 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#0072b2' pt 9 ps 1 title ' 0.77  sinusoidal-lr-0.02', \
  data index 57 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#0072b2' pt 4 ps 1 title ' 0.76  window-16-lr-0.005', \
  data index 58 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 5 ps 1 title ' 0.74  window-16-lr-0.01', \
  data index 59 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 10 ps 1 title ' 0.74  window-64-lr-0.02', \
  data index 60 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#e69f00' pt 10 ps 1 title ' 0.74  window-16-lr-0.02', \
  data index 61 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 12 ps 1 title ' 0.74  window-16-lr-0.0025', \
  data index 62 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 8 ps 1 title ' 0.72  t5-lr-0.0025', \
  data index 63 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#e69f00' pt 13 ps 1 title ' 0.69  sinusoidal-lr-0.005', \
  data index 64 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 title ' 0.64  alibi-lr-0.01', \
  data index 65 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' pt 6 ps 1 title ' 0.64  sinusoidal-lr-0.0025', \
  data index 66 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title ' 0.63  alibi-lr-0.005', \
  data index 67 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#0072b2' pt 8 ps 1 title ' 0.61  alibi-lr-0.02', \
  data index 68 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title ' 0.60  alibi-lr-0.0025', \
  data index 69 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#009e73' pt 7 ps 1 title ' 0.58  gaussian-lr-0.005', \
  data index 70 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#56b4e9' pt 5 ps 1 title ' 0.51  smoothed-lr-0.01', \
  data index 71 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' pt 15 ps 1 title ' 0.50  smoothed-lr-0.005', \
  data index 72 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 14 ps 1 title ' 0.50  smoothed-lr-0.02', \
  data index 73 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#000000' pt 7 ps 1 title ' 0.48  smoothed-lr-0.0025', \
  data index 74 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#000000' pt 6 ps 1 title ' 0.41  t5-lr-0.005', \
  data index 75 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#d55e00' pt 4 ps 1 title ' 0.41  sandwich-lr-0.01', \
  data index 76 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#d55e00' pt 11 ps 1 title ' 0.41  sandwich-lr-0.02', \
  data index 77 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#56b4e9' pt 14 ps 1 title ' 0.40  sandwich-lr-0.005', \
  data index 78 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#000000' pt 12 ps 1 title ' 0.39  sandwich-lr-0.0025', \
  data index 79 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#cc79a7' pt 13 ps 1 title ' 0.37  gaussian-lr-0.01', \
  data index 80 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title ' 0.33  rope-lr-0.02', \
  data index 81 using 1:2 with linespoints lw 2 dt 1 lc rgb '#000000' pt 13 ps 1 title ' 0.31  rope-lr-0.0025', \
  data index 82 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#0072b2' pt 13 ps 1 title ' 0.29  rope-lr-0.005', \
  data index 83 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 title ' 0.29  rope-lr-0.01', \
  data index 84 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#e69f00' pt 9 ps 1 title ' 0.23  kerple_log-lr-0.0025', \
  data index 85 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 4 ps 1 title ' 0.23  t5-lr-0.01', \
  data index 86 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#d55e00' pt 15 ps 1 title ' 0.18  kerple_log-lr-0.005', \
  data index 87 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#0072b2' pt 5 ps 1 title ' 0.16  kerple_log-lr-0.01', \
  data index 88 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#cc79a7' pt 14 ps 1 title ' 0.16  kerple_log-lr-0.02', \
  data index 89 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#56b4e9' pt 11 ps 1 title ' 0.13  t5-lr-0.02', \
  data index 90 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#cc79a7' pt 5 ps 1 title '0.089  kerple_power-lr-0.0025', \
  data index 91 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#cc79a7' pt 10 ps 1 title '0.073  kerple_power-lr-0.005', \
  data index 92 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#0072b2' pt 10 ps 1 title '0.064  kerple_power-lr-0.01', \
  data index 93 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#cc79a7' pt 15 ps 1 title '0.055  kerple_power-lr-0.02'
unset multiplot
unset output
}
