# Training: books, trained at 64 tokens
# Draw it again in this folder: gnuplot training_curves.gp
if (!exists('out')) out = 'training_curves'
data = 'training_curves.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 896,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 9.3333in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 1792,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 1792,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.07812
set rmargin at screen 0.79241
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'Training: books, trained at 64 tokens' at screen 0.01786, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'NLL of the training batches, moving average over 4% of the run; line: mean, band: its 95% interval over seeds' at screen 0.01786, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'NLL at the end' at screen 0.81250, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.81250, screen 0.83929 left top Left reverse vertical maxrows 5 samplen 3 spacing 1.25 noenhanced
unset logscale x
set xrange [0:6.20544]
unset logscale y
set yrange [1.39878563:2.4891498]
set xtics autofreq
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'training tokens seen (millions)' offset 0,-0.3
set ylabel 'training NLL (nats per token)'
plot data index 0 using 1:($4 <= 2.4891498 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 1 using 1:($4 <= 2.4891498 ? $3 : NaN):4 with filledcurves lc rgb '#009e73' notitle, \
  data index 2 using 1:($4 <= 2.4891498 ? $3 : NaN):4 with filledcurves lc rgb '#cc79a7' notitle, \
  data index 3 using 1:($4 <= 2.4891498 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 0 using 1:2 with lines lw 2 dt 1 lc rgb '#0072b2' title '1.52  alibi', \
  data index 1 using 1:2 with lines lw 2 dt 1 lc rgb '#009e73' title '1.48  sinusoidal', \
  data index 2 using 1:2 with lines lw 2 dt 1 lc rgb '#cc79a7' title '1.46  rope', \
  data index 3 using 1:2 with lines lw 2 dt 1 lc rgb '#d55e00' title '1.46  t5'
unset output
}
