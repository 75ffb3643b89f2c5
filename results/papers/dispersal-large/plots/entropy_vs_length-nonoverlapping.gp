# Attention entropy by evaluation length: books, trained at 64 tokens
# Draw it again in this folder: gnuplot entropy_vs_length-nonoverlapping.gp
if (!exists('out')) out = 'entropy_vs_length-nonoverlapping'
data = 'entropy_vs_length-nonoverlapping.dat'
set encoding utf8
kinds = strstrt(GPVAL_TERMINALS, 'pdfcairo') > 0 ? 'svg png pdf' : 'svg png'
do for [kind in kinds] {
if (kind eq 'svg') {
  set terminal svg size 1527,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
if (kind eq 'pdf') {
  set terminal pdfcairo size 15.9062in,5.8333in fontscale 0.75 linewidth 1 pointscale 0.6 font 'DejaVu Sans,9' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 3054,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 3054,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.04584
set rmargin at screen 0.32744
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'Attention entropy by evaluation length: books, trained at 64 tokens' at screen 0.01048, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'mean over layers and heads, queries of the last positions; test split, non-overlapping windows, 2 seeds, 65536 target tokens; PARTIAL: 6 of 12 cells; line: mean, band: lowest to highest seed' at screen 0.01048, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
unset key
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.10464747:0.756843537]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'attention entropy / ln(visible keys)'
set arrow from first 1, graph 0 to first 1, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.04 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 0 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 1 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 2 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 3 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 4 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 5 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 6 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 7 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 8 using 1:($4 <= 0.756843537 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 notitle, \
  data index 1 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 notitle, \
  data index 2 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 3 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 4 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 notitle, \
  data index 5 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 notitle, \
  data index 6 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 8 ps 1 notitle, \
  data index 7 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 8 ps 1 notitle, \
  data index 8 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 4 ps 1 notitle
unset label
unset arrow
set lmargin at screen 0.37328
set rmargin at screen 0.65488
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'entropy / ln n at 8x' at screen 0.66667, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.66667, screen 0.83929 left top Left reverse vertical maxrows 10 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [0.901250463:8.87655578]
unset logscale y
set yrange [0.615821759:4.49557394]
set xtics ("1x\n64" 1, "2x\n128" 2, "4x\n256" 4, "8x\n512" 8)
set ytics autofreq
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length' offset 0,-1.1
set ylabel 'attention entropy (nats)'
set arrow from first 1, graph 0 to first 1, graph 1.015 nohead lw 1.2 dt (6,4) lc rgb '#707070' back
set label 'training length' at first 1, graph 1.04 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
plot data index 9 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 10 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 11 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 12 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 13 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 14 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 15 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#d55e00' notitle, \
  data index 16 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 17 using 1:($4 <= 4.49557394 ? $3 : NaN):4 with filledcurves lc rgb '#56b4e9' notitle, \
  data index 9 using 1:2 with linespoints lw 2 dt 1 lc rgb '#d55e00' pt 5 ps 1 title '0.72  t5[steps=2000,lr=0.003]', \
  data index 10 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 12 ps 1 title '0.47  t5[steps=2000,lr=0.003] as t5[steps=2000,lr=0.003]+align-max…', \
  data index 11 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 title '0.35  t5[steps=2000,lr=0.003] as t5[steps=2000,lr=0.003]+align-ent…', \
  data index 12 using 1:2 with linespoints lw 2 dt (14,4,3,4) lc rgb '#d55e00' pt 10 ps 1 title '0.30  t5[steps=2000,lr=0.01]', \
  data index 13 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 10 ps 1 title '0.22  t5[steps=2000,lr=0.01] as t5[steps=2000,lr=0.01]+align-max_p…', \
  data index 14 using 1:2 with linespoints lw 2 dt 1 lc rgb '#56b4e9' pt 15 ps 1 title '0.21  t5[steps=2000,lr=0.02]', \
  data index 15 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#d55e00' pt 8 ps 1 title '0.18  t5[steps=2000,lr=0.01] as t5[steps=2000,lr=0.01]+align-entro…', \
  data index 16 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 8 ps 1 title '0.18  t5[steps=2000,lr=0.02] as t5[steps=2000,lr=0.02]+align-max_p…', \
  data index 17 using 1:2 with linespoints lw 2 dt (9,5) lc rgb '#56b4e9' pt 4 ps 1 title '0.16  t5[steps=2000,lr=0.02] as t5[steps=2000,lr=0.02]+align-entro…'
unset multiplot
unset output
}
