# Perplexity by evaluation length: books, trained at 64 tokens
# Draw it again in this folder: gnuplot ppl_vs_length.gp
if (!exists('out')) out = 'ppl_vs_length'
data = 'ppl_vs_length.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 983,1358 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 10.2396in,14.1458in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 1966,2716 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 1966,2716 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.07121
set rmargin at screen 0.72228
set tmargin at screen 0.93814
set bmargin at screen 0.05744
set label 'Perplexity by evaluation length: books, trained at 64 tokens' at screen 0.01628, screen 0.98380 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'valid split, last 16 tokens of each window, 1 seed, 32768 target tokens; arrow: above the axis' at screen 0.01628, screen 0.96760 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'perplexity at 8x' at screen 0.74059, screen 0.94109 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.74059, screen 0.93373 left top Left reverse vertical maxrows 49 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
set logscale y 10
set yrange [3.58163334:195.513036]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics (5, 10, 20, 30, 50, 100)
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length (multiple of the training length, tokens)' offset 0,-1.1
set ylabel 'perplexity'
set arrow from first 1, graph 0 to first 1, graph 1.005 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.013 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set arrow from first 8, graph 0.94 to first 8, graph 1 head filled size screen 0.008,25 lw 1.6 lc rgb '#009e73' front
set arrow from first 2, graph 0.94 to first 2, graph 1 head filled size screen 0.008,25 lw 1.6 lc rgb '#d55e00' front
set arrow from first 4, graph 0.94 to first 4, graph 1 head filled size screen 0.008,25 lw 1.6 lc rgb '#d55e00' front
set arrow from first 7.74281, graph 0.94 to first 7.74281, graph 1 head filled size screen 0.008,25 lw 1.6 lc rgb '#d55e00' front
plot data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#009e73' pt 9 ps 1 title '177.0  nope-lr-0.01', \
  data index 1 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 9 ps 1 title '167.3  window-64-lr-0.01', \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 12 ps 1 title '42.69  nope-lr-0.005', \
  data index 3 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 title '40.81  rope-lr-0.01', \
  data index 4 using 1:2 with linespoints lw 2 dt 1 lc rgb '#000000' pt 13 ps 1 title '40.66  rope-lr-0.0025', \
  data index 5 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#0072b2' pt 13 ps 1 title '37.72  rope-lr-0.005', \
  data index 6 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 4 ps 1 title '37.19  window-64-lr-0.005', \
  data index 7 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#0072b2' pt 9 ps 1 title '35.48  sinusoidal-lr-0.02', \
  data index 8 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#e69f00' pt 13 ps 1 title '34.64  sinusoidal-lr-0.005', \
  data index 9 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' pt 6 ps 1 title '33.89  sinusoidal-lr-0.0025', \
  data index 10 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#e69f00' pt 6 ps 1 title '29.48  sinusoidal-lr-0.01', \
  data index 11 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '29.29  rope-lr-0.02', \
  data index 12 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#009e73' pt 12 ps 1 title '24.24  window-64-lr-0.0025', \
  data index 13 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 10 ps 1 title '23.66  window-64-lr-0.02', \
  data index 14 using 1:2 with linespoints lw 2 dt 1 lc rgb '#cc79a7' pt 11 ps 1 title '20.63  nope-lr-0.02', \
  data index 15 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#000000' pt 9 ps 1 title '19.88  nope-lr-0.0025', \
  data index 16 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 7 ps 1 title ' 8.79  gaussian-lr-0.0025', \
  data index 17 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#e69f00' pt 10 ps 1 title ' 7.48  window-16-lr-0.02', \
  data index 18 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 5 ps 1 title ' 6.78  window-16-lr-0.01', \
  data index 19 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 12 ps 1 title ' 6.60  window-16-lr-0.0025', \
  data index 20 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#0072b2' pt 4 ps 1 title ' 6.16  window-16-lr-0.005', \
  data index 21 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#e69f00' pt 8 ps 1 title ' 5.90  t5-lr-0.0025', \
  data index 22 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#009e73' pt 7 ps 1 title ' 5.62  gaussian-lr-0.005', \
  data index 23 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#0072b2' pt 8 ps 1 title ' 5.12  alibi-lr-0.02', \
  data index 24 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title ' 4.99  alibi-lr-0.0025', \
  data index 25 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 14 ps 1 title ' 4.81  smoothed-lr-0.02', \
  data index 26 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 title ' 4.73  alibi-lr-0.01', \
  data index 27 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#000000' pt 7 ps 1 title ' 4.72  smoothed-lr-0.0025', \
  data index 28 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title ' 4.67  alibi-lr-0.005', \
  data index 29 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#cc79a7' pt 13 ps 1 title ' 4.59  gaussian-lr-0.01', \
  data index 30 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#d55e00' pt 11 ps 1 title ' 4.57  sandwich-lr-0.02', \
  data index 31 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' pt 15 ps 1 title ' 4.54  smoothed-lr-0.005', \
  data index 32 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#cc79a7' pt 15 ps 1 title ' 4.53  kerple_power-lr-0.02', \
  data index 33 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#56b4e9' pt 5 ps 1 title ' 4.53  smoothed-lr-0.01', \
  data index 34 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#000000' pt 12 ps 1 title ' 4.51  sandwich-lr-0.0025', \
  data index 35 using 1:2 with linespoints lw 2 dt (3,9) lc rgb '#e69f00' pt 9 ps 1 title ' 4.51  kerple_log-lr-0.0025', \
  data index 36 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#cc79a7' pt 14 ps 1 title ' 4.50  kerple_log-lr-0.02', \
  data index 37 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#0072b2' pt 5 ps 1 title ' 4.47  kerple_log-lr-0.01', \
  data index 38 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#000000' pt 6 ps 1 title ' 4.44  t5-lr-0.005', \
  data index 39 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#56b4e9' pt 11 ps 1 title ' 4.44  t5-lr-0.02', \
  data index 40 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#d55e00' pt 4 ps 1 title ' 4.43  sandwich-lr-0.01', \
  data index 41 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#cc79a7' pt 5 ps 1 title ' 4.39  kerple_power-lr-0.0025', \
  data index 42 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#56b4e9' pt 14 ps 1 title ' 4.39  sandwich-lr-0.005', \
  data index 43 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#0072b2' pt 10 ps 1 title ' 4.39  kerple_power-lr-0.01', \
  data index 44 using 1:2 with linespoints lw 2 dt (3,3) lc rgb '#d55e00' pt 15 ps 1 title ' 4.36  kerple_log-lr-0.005', \
  data index 45 using 1:2 with linespoints lw 2 dt (14,3,3,3,3,3) lc rgb '#cc79a7' pt 10 ps 1 title ' 4.32  kerple_power-lr-0.005', \
  data index 46 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#56b4e9' pt 4 ps 1 title ' 4.31  t5-lr-0.01', \
  11.8564048 with lines lw 1.6 dt (1,3) lc rgb '#808080' title '11.86  bigram table', \
  7.08701446 with lines lw 1.6 dt (8,3,1,3) lc rgb '#808080' title ' 7.09  trigram table'
unset output
}
