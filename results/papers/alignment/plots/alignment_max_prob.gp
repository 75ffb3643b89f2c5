# Temperature that aligns attention: books, trained at 64 tokens
# Draw it again in this folder: gnuplot alignment_max_prob.gp
if (!exists('out')) out = 'alignment_max_prob'
data = 'alignment_max_prob.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 976,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 10.1667in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 1952,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 1952,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'Temperature that aligns attention: books, trained at 64 tokens' at screen 0.01639, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'test split, alignment_max_prob, 5 seeds; line: mean, band: its 95% interval over seeds' at screen 0.01639, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set label 'temperature, longest windows' at screen 0.74590, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.74590, screen 0.83929 left top Left reverse vertical maxrows 5 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.079793706:1.056912]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'temperature (1 = as trained)'
set arrow from first 1, graph 0 to first 1, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.04 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 1.056912 ? $3 : NaN):4 with filledcurves lc rgb '#e69f00' notitle, \
  data index 1 using 1:($4 <= 1.056912 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 2 using 1:($4 <= 1.056912 ? $3 : NaN):4 with filledcurves lc rgb '#0072b2' notitle, \
  data index 3 using 1:($4 <= 1.056912 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#e69f00' pt 7 ps 1 title '1.01  kerple_log', \
  data index 1 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title '0.94  t5', \
  data index 2 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title '0.87  alibi', \
  data index 3 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '0.22  nope'
unset output
}
