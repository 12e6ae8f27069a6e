package gate

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"incamera/internal/config"
)

// proxies are the networks whose word is believed about where a request comes from.
type proxies []netip.Prefix

func proxiesOf(cfg config.Config) (proxies, error) {
	var p proxies
	for _, text := range cfg.Proxies {
		network, err := config.ParseNetwork(text)
		if err != nil {
			return nil, err
		}
		p = append(p, network)
	}
	return p, nil
}

func (p proxies) has(ip netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(ip.Unmap().WithZone("")) })
}

// unwrap puts the asker's own address in the place of the proxy's: the last one in X-Forwarded-For that is not a proxy's. What
// a stranger wrote there stands before it and is not believed.
func (p proxies) unwrap(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !p.has(peer.Addr()) {
			next.ServeHTTP(w, r)
			return
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for _, hop := range slices.Backward(hops) {
			ip, err := netip.ParseAddr(strings.TrimSpace(hop))
			if err != nil {
				break
			}
			r.RemoteAddr = netip.AddrPortFrom(ip, peer.Port()).String()
			if !p.has(ip) {
				break
			}
		}
		next.ServeHTTP(w, r)
	})
}
