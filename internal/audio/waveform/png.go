package waveform

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"github.com/trackscribe/trackscribe/steps/artifact"
)

// PictureOptions set up a picture. The zero value works.
type PictureOptions struct {
	Width, Height int // pixels; 0: 1600 by 240; at most 8192
	// Colours are the tracks', in the order of Peaks.Tracks; a person's tracks
	// should share one. Where it is too short the built-in ones follow.
	Colours []color.NRGBA
}

// The built-in colours are of middle brightness, so that they stand out from a
// light page and a dark one alike; the background is transparent.
var (
	palette = [...]color.NRGBA{
		{0x2f, 0x7f, 0xe0, 0xff}, // blue
		{0xe6, 0x8a, 0x1a, 0xff}, // orange
		{0x1f, 0xa6, 0x7a, 0xff}, // green
		{0xd9, 0x4f, 0x9b, 0xff}, // pink
		{0x85, 0x62, 0xd6, 0xff}, // violet
		{0x1b, 0xa3, 0xc6, 0xff}, // cyan
		{0xd6, 0x4a, 0x45, 0xff}, // red
		{0x8c, 0xa8, 0x21, 0xff}, // olive
	}
	nobody = color.NRGBA{0x8a, 0x91, 0x9e, 0xff} // grey
)

// Geometry in pixels of a picture 240 high; others scale with the height.
const (
	barWidth = 3.0
	barPitch = 5.0
	margin   = 6.0
	laneGap  = 4.0
	laneMin  = 3.0
	laneMax  = 9.0
)

// audible is the level, of 255, from which a track counts as somebody
// speaking: -36 dBFS.
const audible = 4

// PNG draws peaks into w: a row of bars, each in the colour of whoever is
// loudest there, and below it one lane per track that shows when it speaks.
// Tracks that are silent throughout get no lane.
func PNG(w io.Writer, peaks artifact.Peaks, o PictureOptions) error {
	if o.Width == 0 {
		o.Width = 1600
	}
	if o.Height == 0 {
		o.Height = 240
	}
	const most = 8192
	if o.Width < 64 || o.Height < 32 || o.Width > most || o.Height > most {
		return fmt.Errorf("draw waveform: %d by %d pixels is out of range", o.Width, o.Height)
	}
	levels, err := decode(peaks.Values)
	if err != nil {
		return fmt.Errorf("draw waveform: read peaks: %w", err)
	}
	tracks := make([][]uint8, len(peaks.Tracks))
	for i, t := range peaks.Tracks {
		if tracks[i], err = decode(t.Values); err != nil {
			return fmt.Errorf("draw waveform: read peaks of track %d: %w", t.Track, err)
		}
	}
	p := newPicture(o)
	p.draw(levels, tracks)
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(w, p.img); err != nil {
		return fmt.Errorf("write waveform: %w", err)
	}
	return nil
}

type picture struct {
	img     *image.NRGBA
	scale   float64
	width   float64
	height  float64
	bars    int
	colours []color.NRGBA
}

func newPicture(o PictureOptions) *picture {
	p := &picture{
		img:     image.NewNRGBA(image.Rect(0, 0, o.Width, o.Height)),
		scale:   float64(o.Height) / 240,
		width:   float64(o.Width),
		height:  float64(o.Height),
		colours: o.Colours,
	}
	p.bars = max(1, int((p.width-2*margin*p.scale)/(barPitch*p.scale)))
	return p
}

func (p *picture) colour(track int) color.NRGBA {
	if track < len(p.colours) {
		return p.colours[track]
	}
	return palette[track%len(palette)]
}

func (p *picture) draw(levels []uint8, tracks [][]uint8) {
	var lanes []int
	spoken := make([][]uint8, len(tracks)) // per bar
	for i, t := range tracks {
		spoken[i] = spread(t, p.bars)
		if largest(t) >= audible {
			lanes = append(lanes, i)
		}
	}
	bottom := p.drawLanes(lanes, spoken)

	middle, half := (margin*p.scale+bottom)/2, (bottom-margin*p.scale)/2
	loudest := max(largest(levels), 1)
	for i, v := range spread(levels, p.bars) {
		// Loudness grows with a power of the amplitude under 1: this way soft
		// voices show beside loud ones.
		size := math.Pow(float64(v)/float64(loudest), 0.7) * half
		size = max(size, barWidth*p.scale/2)
		x := p.barX(i)
		p.capsule(x, middle-size, x+barWidth*p.scale, middle+size, p.speaker(spoken, i), 1)
	}
}

// drawLanes draws the tracks' lanes at the bottom and returns where the space
// above them ends. They take at most 40 % of the height: what does not fit is
// left out.
func (p *picture) drawLanes(lanes []int, spoken [][]uint8) (top float64) {
	end := p.height - margin*p.scale
	if len(lanes) == 0 {
		return end
	}
	room := 0.4 * p.height
	lane := min(laneMax*p.scale, room/float64(len(lanes))-laneGap*p.scale)
	gap := laneGap * p.scale
	if lane < laneMin*p.scale {
		lane, gap = laneMin*p.scale, p.scale
		lanes = lanes[:min(len(lanes), int(room/(lane+gap)))]
	}
	top = end - float64(len(lanes))*(lane+gap)
	for i, track := range lanes {
		y := top + gap + float64(i)*(lane+gap)
		p.drawLane(y, lane, spoken[track], p.colour(track))
	}
	return top - gap
}

// drawLane draws when somebody speaks: a faint line throughout, and a strong
// one over each stretch.
func (p *picture) drawLane(y, height float64, spoken []uint8, c color.NRGBA) {
	right := p.barX(p.bars-1) + barWidth*p.scale
	p.capsule(p.barX(0), y, right, y+height, c, 0.16)
	for i := 0; i < len(spoken); i++ {
		if spoken[i] < audible {
			continue
		}
		from := i
		for i+1 < len(spoken) && spoken[i+1] >= audible {
			i++
		}
		p.capsule(p.barX(from), y, p.barX(i)+barWidth*p.scale, y+height, c, 0.9)
	}
}

func (p *picture) barX(i int) float64 {
	used := float64(p.bars)*barPitch*p.scale - (barPitch-barWidth)*p.scale
	return (p.width-used)/2 + float64(i)*barPitch*p.scale
}

// speaker is the colour of the track that is loudest in a bar.
func (p *picture) speaker(spoken [][]uint8, bar int) color.NRGBA {
	best, level := -1, uint8(audible-1)
	for i, s := range spoken {
		if s[bar] > level {
			best, level = i, s[bar]
		}
	}
	if best < 0 {
		return nobody
	}
	return p.colour(best)
}

// capsule fills a rectangle whose shorter sides are round, with soft edges.
func (p *picture) capsule(x0, y0, x1, y1 float64, c color.NRGBA, opacity float64) {
	r := min(x1-x0, y1-y0) / 2
	for y := max(0, int(y0)-1); y <= min(p.img.Rect.Max.Y-1, int(y1)+1); y++ {
		for x := max(0, int(x0)-1); x <= min(p.img.Rect.Max.X-1, int(x1)+1); x++ {
			// Distance from the pixel's centre to the line that the capsule
			// surrounds.
			cx, cy := float64(x)+0.5, float64(y)+0.5
			dx := cx - min(max(cx, x0+r), x1-r)
			dy := cy - min(max(cy, y0+r), y1-r)
			cover := min(max(r-math.Hypot(dx, dy)+0.5, 0), 1)
			if cover > 0 {
				p.blend(x, y, c, cover*opacity*float64(c.A)/255)
			}
		}
	}
}

// blend puts a colour over a pixel.
func (p *picture) blend(x, y int, c color.NRGBA, alpha float64) {
	old := p.img.NRGBAAt(x, y)
	under := float64(old.A) / 255 * (1 - alpha)
	sum := alpha + under
	mix := func(top, bottom uint8) uint8 {
		return uint8((float64(top)*alpha+float64(bottom)*under)/sum + 0.5)
	}
	p.img.SetNRGBA(x, y, color.NRGBA{mix(c.R, old.R), mix(c.G, old.G), mix(c.B, old.B), uint8(sum*255 + 0.5)})
}
