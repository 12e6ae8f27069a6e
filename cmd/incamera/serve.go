package main

import (
	"context"
	"os"

	"incamera/internal/config"
	"incamera/internal/node"
)

// serveCommand has a flag for each choice that is made at a prompt; the limits are for the file and the
// environment. A nil flag was not given.
type serveCommand struct {
	Config         string  `help:"Configuration file, YAML; deploy/incamera.yaml is a sample." placeholder:"FILE"`
	Listen         *string `help:"Address of the page and its signalling (localhost:8080)." placeholder:"HOST:PORT"`
	Media          *string `help:"UDP address for picture and sound (:7882)." placeholder:"[HOST]:PORT"`
	MediaAddress   *string `help:"Addresses told to browsers besides the machine's own, separated by commas." placeholder:"IP[:PORT]"`
	Data           *string `help:"Folder for everything that is kept (./incamera-data)." placeholder:"FOLDER"`
	PublicURL      *string `name:"public-url" help:"Where people reach this server." placeholder:"URL"`
	Create         *string `help:"Who may make meetings: localhost, token or anyone." placeholder:"WHO"`
	TLSCertificate *string `name:"tls-certificate" help:"Certificate chain, PEM." placeholder:"FILE"`
	TLSKey         *string `name:"tls-key" help:"Private key of the certificate, PEM." placeholder:"FILE"`
}

// Run serves until a signal comes.
func (c *serveCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(config.Sources{File: c.Config, Env: os.Environ(), Flags: c.given()})
	if err != nil {
		return err
	}
	return node.Run(ctx, cfg, os.Stdout)
}

func (c *serveCommand) given() map[string]string {
	given := map[string]string{}
	for key, flag := range map[string]*string{
		"listen": c.Listen, "media": c.Media, "media-address": c.MediaAddress, "data": c.Data,
		"public-url": c.PublicURL, "create": c.Create,
		"tls-certificate": c.TLSCertificate, "tls-key": c.TLSKey,
	} {
		if flag != nil {
			given[key] = *flag
		}
	}
	return given
}
