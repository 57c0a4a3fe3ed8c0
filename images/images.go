// Package images says what each container image holds: its files, who runs
// it, its environment and labels. Archives and pushes are made from it by
// internal/tools/mkimage, and the Dockerfiles in this folder are written from
// it, so that all of them are one thing.
//
// It builds and runs nothing, and equal inputs give equal content.
package images

import (
	"fmt"
	"io/fs"
	"strings"
)

// UID is the user, and the group, that every image runs as. It is a number in
// the image's config, so that a cluster can see that it is not root.
const UID = 8737

// Folders of an image.
const (
	Scratch  = "/scratch" // can be written by any user
	ModelDir = "/model"   // of the speech model
)

const (
	module = "github.com/trackscribe/trackscribe"
	source = "https://" + module
)

// An Image is what makes one image different from the others.
type Image struct {
	Name        string // the last part of its reference
	Title       string
	Description string
	Licenses    string // SPDX expression for all that is in it
	Main        string // package of its only program
	VersionVar  string // the program's variable that is set to the version, if it has one
	Model       bool   // whether the speech model is inside
}

// All returns the images in the order in which they are built: what takes
// longest to compile comes last.
func All() []Image {
	return []Image{
		{
			Name:        "step",
			Title:       "Trackscribe step",
			Description: "Does one step of turning a multitrack meeting recording into a transcript; holds the speech model.",
			Licenses:    "Apache-2.0 AND MIT", // the speech model is MIT
			Main:        module + "/cmd/step",
			Model:       true,
		},
		{
			Name:        "cli",
			Title:       "Trackscribe",
			Description: "Renders, submits, watches and reprocesses Trackscribe's runs.",
			Licenses:    "Apache-2.0",
			Main:        module + "/cmd/trackscribe",
			VersionVar:  module + "/internal/cli.Version",
		},
	}
}

// Program is the path of the image's program, which is also its entry point.
func (i Image) Program() string {
	return i.Main[strings.LastIndexByte(i.Main, '/'):]
}

// User is who the image runs as, in the form of an image's config.
func (i Image) User() string { return fmt.Sprintf("%d:%d", UID, UID) }

// Env is the image's environment, in the form of an image's config.
func (i Image) Env() []string {
	env := []string{"TRACKSCRIBE_SCRATCH=" + Scratch}
	if i.Model {
		env = append(env, "TRACKSCRIBE_MODEL_DIR="+ModelDir)
	}
	return env
}

// Labels are the image's labels. An empty revision has none.
func (i Image) Labels(version, revision string) map[string]string {
	const prefix = "org.opencontainers.image."
	labels := map[string]string{
		prefix + "title":       i.Title,
		prefix + "description": i.Description,
		prefix + "licenses":    i.Licenses,
		prefix + "source":      source,
		prefix + "version":     version,
	}
	if revision != "" {
		labels[prefix+"revision"] = revision
	}
	return labels
}

// A Layer is files that change together: whoever has a layer already does not
// fetch it again.
type Layer struct {
	Name  string
	Files []File // each after the folder that it is in
}

// A File is a file or, by its mode, a folder. All belong to root, so that what
// runs as [UID] cannot change them.
type File struct {
	Path string // absolute
	Mode fs.FileMode
	Data []byte
}

// ProgramLayer is the layer of the image's program.
func (i Image) ProgramLayer(binary []byte) Layer {
	return Layer{Name: "program", Files: []File{{i.Program(), 0o755, binary}}}
}
