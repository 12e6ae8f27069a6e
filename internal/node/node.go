// Package node is one running server: it builds the parts, starts them, and stops them in order. It is
// the only room that knows all others; nothing but commands and tests imports it.
package node

import (
	"context"
	"errors"
	"io"

	"incamera/internal/cluster"
	"incamera/internal/config"
)

// Run serves with cfg until ctx ends and returns when every part has stopped. What an operator should
// know goes to out.
func Run(ctx context.Context, cfg config.Config, out io.Writer) (err error) {
	store, err := cluster.Open(ctx, cfg.Data, cfg.StoreKeyFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	<-ctx.Done()
	return nil
}
