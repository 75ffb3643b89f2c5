# Training: books, trained at 64 tokens
# Draw it again in this folder: gnuplot training_curves.gp
if (!exists('out')) out = 'training_curves'
data = 'training_curves.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 976,1289 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 10.1667in,13.4271in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 1952,2578 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 1952,2578 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.07172
set rmargin at screen 0.72746
set tmargin at screen 0.93483
set bmargin at screen 0.06051
set label 'Training: books, trained at 64 tokens' at screen 0.01639, screen 0.98293 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'NLL of the training batches, moving average over 4% of the run' at screen 0.01639, screen 0.96587 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'NLL at the end' at screen 0.74590, screen 0.93794 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.74590, screen 0.93018 left top Left reverse vertical maxrows 48 samplen 3 spacing 1.25 noenhanced
unset logscale x
set xrange [0:3.10272]
unset logscale y
set yrange [1.44835412:3.04291522]
set xtics autofreq
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'training tokens seen (millions)' offset 0,-0.3
set ylabel 'training NLL (nats per token)'
plot data index 0 using 1:2 with lines lw 2 dt (3,3) lc rgb '#e69f00' title '2.03  window-16-lr-0.02', \
  data index 1 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#e69f00' title '1.94  window-16-lr-0.01', \
  data index 2 using 1:2 with lines lw 2 dt 1 lc rgb '#e69f00' title '1.92  window-16-lr-0.0025', \
  data index 3 using 1:2 with lines lw 2 dt 1 lc rgb '#cc79a7' title '1.87  nope-lr-0.02', \
  data index 4 using 1:2 with lines lw 2 dt 1 lc rgb '#56b4e9' title '1.87  window-64-lr-0.02', \
  data index 5 using 1:2 with lines lw 2 dt 1 lc rgb '#009e73' title '1.86  nope-lr-0.01', \
  data index 6 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#d55e00' title '1.86  window-64-lr-0.01', \
  data index 7 using 1:2 with lines lw 2 dt (3,9) lc rgb '#0072b2' title '1.86  window-16-lr-0.005', \
  data index 8 using 1:2 with lines lw 2 dt (3,3) lc rgb '#000000' title '1.85  nope-lr-0.0025', \
  data index 9 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#009e73' title '1.85  window-64-lr-0.0025', \
  data index 10 using 1:2 with lines lw 2 dt 1 lc rgb '#0072b2' title '1.81  nope-lr-0.005', \
  data index 11 using 1:2 with lines lw 2 dt 1 lc rgb '#cc79a7' title '1.81  window-64-lr-0.005', \
  data index 12 using 1:2 with lines lw 2 dt (3,9) lc rgb '#0072b2' title '1.68  sinusoidal-lr-0.02', \
  data index 13 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#0072b2' title '1.68  alibi-lr-0.02', \
  data index 14 using 1:2 with lines lw 2 dt 1 lc rgb '#0072b2' title '1.66  alibi-lr-0.0025', \
  data index 15 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' title '1.66  sinusoidal-lr-0.0025', \
  data index 16 using 1:2 with lines lw 2 dt 1 lc rgb '#e69f00' title '1.63  alibi-lr-0.01', \
  data index 17 using 1:2 with lines lw 2 dt 1 lc rgb '#d55e00' title '1.62  smoothed-lr-0.02', \
  data index 18 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#e69f00' title '1.62  sinusoidal-lr-0.01', \
  data index 19 using 1:2 with lines lw 2 dt 1 lc rgb '#d55e00' title '1.61  alibi-lr-0.005', \
  data index 20 using 1:2 with lines lw 2 dt (3,9) lc rgb '#000000' title '1.60  smoothed-lr-0.0025', \
  data index 21 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#56b4e9' title '1.60  gaussian-lr-0.0025', \
  data index 22 using 1:2 with lines lw 2 dt (3,9) lc rgb '#cc79a7' title '1.59  kerple_power-lr-0.02', \
  data index 23 using 1:2 with lines lw 2 dt (3,9) lc rgb '#d55e00' title '1.59  sandwich-lr-0.02', \
  data index 24 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#cc79a7' title '1.59  kerple_log-lr-0.02', \
  data index 25 using 1:2 with lines lw 2 dt (3,3) lc rgb '#e69f00' title '1.59  sinusoidal-lr-0.005', \
  data index 26 using 1:2 with lines lw 2 dt (3,9) lc rgb '#e69f00' title '1.58  kerple_log-lr-0.0025', \
  data index 27 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#e69f00' title '1.58  t5-lr-0.0025', \
  data index 28 using 1:2 with lines lw 2 dt (3,9) lc rgb '#56b4e9' title '1.58  smoothed-lr-0.01', \
  data index 29 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#0072b2' title '1.57  smoothed-lr-0.005', \
  data index 30 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#000000' title '1.57  sandwich-lr-0.0025', \
  data index 31 using 1:2 with lines lw 2 dt 1 lc rgb '#000000' title '1.57  rope-lr-0.0025', \
  data index 32 using 1:2 with lines lw 2 dt (3,3) lc rgb '#56b4e9' title '1.56  t5-lr-0.02', \
  data index 33 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#0072b2' title '1.56  kerple_log-lr-0.01', \
  data index 34 using 1:2 with lines lw 2 dt (3,3) lc rgb '#cc79a7' title '1.56  kerple_power-lr-0.0025', \
  data index 35 using 1:2 with lines lw 2 dt (3,3) lc rgb '#0072b2' title '1.55  kerple_power-lr-0.01', \
  data index 36 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#d55e00' title '1.55  sandwich-lr-0.01', \
  data index 37 using 1:2 with lines lw 2 dt 1 lc rgb '#56b4e9' title '1.55  rope-lr-0.02', \
  data index 38 using 1:2 with lines lw 2 dt (3,3) lc rgb '#d55e00' title '1.55  kerple_log-lr-0.005', \
  data index 39 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#cc79a7' title '1.54  gaussian-lr-0.01', \
  data index 40 using 1:2 with lines lw 2 dt (3,3) lc rgb '#009e73' title '1.54  gaussian-lr-0.005', \
  data index 41 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#56b4e9' title '1.54  sandwich-lr-0.005', \
  data index 42 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#d55e00' title '1.54  rope-lr-0.01', \
  data index 43 using 1:2 with lines lw 2 dt (3,3) lc rgb '#0072b2' title '1.53  rope-lr-0.005', \
  data index 44 using 1:2 with lines lw 2 dt (14,3,3,3,3,3) lc rgb '#cc79a7' title '1.53  kerple_power-lr-0.005', \
  data index 45 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#56b4e9' title '1.53  t5-lr-0.01', \
  data index 46 using 1:2 with lines lw 2 dt (14,4,3,4) lc rgb '#000000' title '1.53  t5-lr-0.005'
unset output
}
