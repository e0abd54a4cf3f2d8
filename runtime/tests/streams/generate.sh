#!/usr/bin/env bash
# Records the streams in this folder: what common tools write into a pipe, and what ffmpeg reads out of it.
# Needs ffmpeg, gst-launch-1.0 with the plugins "base" and "good", and y4mcolorbars of
# mjpegtools. The files were recorded with Debian 12's ffmpeg 5.1.9, GStreamer 1.22.0 and
# mjpegtools 2.1.0; other versions may write other bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

tests() { ffmpeg -v error -y -f lavfi -i testsrc=size=35x17:rate=25 -frames:v 3 "$@"; }
ball() { gst-launch-1.0 -q videotestsrc num-buffers=3 pattern=ball ! "video/x-raw,width=40,height=18,framerate=15/1,format=I420" ! "$@" ! fdsink; }

# Odd sides: chroma of 4:2:0 and 4:2:2 has a column and a row of its own for the last pixels.
for pixels in yuv420p yuv422p yuv444p gray yuvj420p; do
    tests -pix_fmt "$pixels" -f yuv4mpegpipe "ffmpeg-5.1.9-$pixels.y4m"
done
tests -pix_fmt yuv420p -vf setfield=tff -flags +ilme -f yuv4mpegpipe ffmpeg-5.1.9-interlaced.y4m
tests -c:v mjpeg -pix_fmt yuvj420p -f mjpeg ffmpeg-5.1.9.mjpeg
tests -c:v mjpeg -pix_fmt yuvj422p -f mpjpeg ffmpeg-5.1.9.mpjpeg
ball y4menc > gstreamer-1.22.0.y4m
ball jpegenc > gstreamer-1.22.0.mjpeg
ball jpegenc ! multipartmux boundary=spot > gstreamer-1.22.0.mpjpeg
y4mcolorbars -v 0 -n 2 -W 40 -H 24 -F 30000:1001 -I b -S 420mpeg2 > mjpegtools-2.1.0.y4m

# Per frame its size and its Adler-32 as ffmpeg counts it, from 0: of the samples, and of JPEGs as they are.
for file in *.y4m; do ffmpeg -v error -i "$file" -f framecrc - | grep -v '^#' > "$file.framecrc"; done
for file in *.mjpeg; do ffmpeg -v error -f mjpeg -i "$file" -c copy -f framecrc - | grep -v '^#' > "$file.framecrc"; done
# At the end of the file it complains that another part should follow.
for file in *.mpjpeg; do { ffmpeg -v quiet -f mpjpeg -strict_mime_boundary 1 -i "$file" -c copy -f framecrc - || true; } | grep -v '^#' > "$file.framecrc"; done
