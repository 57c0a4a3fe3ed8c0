package draw

// Sizes of type in the SVG, in tenths of a pixel.
const (
	titleSize = 135
	nameSize  = 110
	smallSize = 110
)

// textPixels estimates how wide s is in a bold sans-serif type of that size.
// Nobody knows the reader's font: widths are those of wide ones.
func textPixels(s string, size int) int {
	w := 0 // in hundredths of the size
	for _, r := range s {
		switch {
		case r == ' ' || r == 'i' || r == 'j' || r == 'l' || r == '.' || r == ',' || r == '\'' || r == ':' || r == '|':
			w += 37
		case r == 'f' || r == 't' || r == 'r' || r == 'I' || r == '-' || r == '(' || r == ')':
			w += 49
		case r == 'm' || r == 'w' || r == 'M' || r == 'W':
			w += 108
		case r >= 'A' && r <= 'Z':
			w += 77
		case r > 0x2000:
			w += 108
		default:
			w += 71
		}
	}
	return (w*size + 999) / 1000
}

// monoWidth returns how wide a step's name is, in a fixed-width type.
func monoWidth(s string) int { return (len([]rune(s))*nameSize*62 + 999) / 1000 }

// fit cuts s so that it takes at most room pixels.
func fit(s string, room, size int) string {
	if textPixels(s, size) <= room {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && textPixels(string(r)+"…", size) > room {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}

func fitMono(s string, room int) string {
	if monoWidth(s) <= room {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && monoWidth(string(r)+"…") > room {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}
