# Evaluation of the tiny model: speed and memory against length
# Draw it again in this folder: gnuplot length.gp
if (!exists('out')) out = 'length'
data = 'length.dat'
set encoding utf8
do for [kind in 'svg png'] {
if (kind eq 'svg') {
  set terminal svg size 1233,560 dynamic background '#ffffff' font 'DejaVu Sans,12' noenhanced
} else {
  if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
    set terminal pngcairo size 2466,1120 fontscale 2 linewidth 2 pointscale 2 font 'DejaVu Sans,9' noenhanced
  } else {
    set terminal png size 2466,1120 fontscale 2 linewidth 2 pointscale 2 noenhanced
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
set lmargin at screen 0.05677
set rmargin at screen 0.40552
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'Evaluation of the tiny model: speed and memory against length' at screen 0.01298, screen 0.96071 left font sprintf(',%g', 1.25*(kind eq 'svg' ? 12 : 9)) tc rgb '#000000'
set label 'AMD EPYC; entropy measured; passes of at least 4096 tokens' at screen 0.01298, screen 0.92143 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
unset key
set logscale x 2
set xrange [115.2:72089.6]
set logscale y 10
set yrange [882.955598:51764.5569]
set xtics ("128" 128, "256" 256, "512" 512, "1024" 1024, "2048" 2048, "4096" 4096, "8192" 8192, "16384" 16384, "32768" 32768, "65536" 65536)
set ytics (1000, 2000, 3000, 5000, 10000, 20000, 30000, 50000)
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length (tokens)' offset 0,-0.3
set ylabel 'tokens/s, one core'
plot data index 0 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 notitle
unset label
unset arrow
set lmargin at screen 0.46229
set rmargin at screen 0.81103
set tmargin at screen 0.85000
set bmargin at screen 0.13929
set label 'tokens/s at the longest' at screen 0.82563, screen 0.85714 left font sprintf(',%g', 0.9*(kind eq 'svg' ? 12 : 9)) tc rgb '#707070'
set key at screen 0.82563, screen 0.83929 left top Left reverse vertical maxrows 2 samplen 3 spacing 1.25 noenhanced
set logscale x 2
set xrange [115.2:72089.6]
set logscale y 10
set yrange [28.9133619:445.216435]
set xtics ("128" 128, "256" 256, "512" 512, "1024" 1024, "2048" 2048, "4096" 4096, "8192" 8192, "16384" 16384, "32768" 32768, "65536" 65536)
set ytics (30, 40, 50, 60, 80, 100, 150, 200, 300, 400)
unset mxtics
unset mytics
set format y '%g'
set xlabel 'evaluation length (tokens)' offset 0,-0.3
set ylabel 'peak memory of the process (MiB)'
plot data index 1 using 1:2 with linespoints lw 2 dt 1 lc rgb '#0072b2' pt 7 ps 1 title '1062  nope'
unset multiplot
unset output
}
