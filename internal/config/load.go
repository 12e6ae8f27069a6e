package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

const (
	envPrefix = "INCAMERA_"
	envFile   = envPrefix + "CONFIG"

	maxFileBytes = 1 << 20 // the sample is 3 KiB; a larger file is another file
)

// Sources are where values come from, in rising precedence.
type Sources struct {
	File  string            // YAML file; empty: the one that INCAMERA_CONFIG names, if any
	Env   []string          // as os.Environ gives it; only INCAMERA_… is looked at
	Flags map[string]string // by key, only those that were given
}

// Load reads all sources over the defaults and checks the result. An error is a Problems with every
// fault that was found.
func Load(from Sources) (Config, error) {
	l := loader{values: map[string]value{}}
	for _, f := range fields {
		if f.fallback != "" {
			l.values[f.key] = value{text: f.fallback}
		}
	}
	l.readFile(from)
	l.readEnv(from.Env)
	l.readFlags(from.Flags)
	cfg := l.assign()
	l.problems = append(l.problems, check(&cfg)...)
	if len(l.problems) > 0 {
		return Config{}, l.problems
	}
	if cfg.StoreKeyFile == "" {
		cfg.StoreKeyFile = filepath.Join(cfg.Data, "store.key")
	}
	return cfg, nil
}

// value is a field's text and where it stood.
type value struct{ text, origin string }

type loader struct {
	values   map[string]value
	problems Problems
}

func (l *loader) readFile(from Sources) {
	path := from.File
	if path == "" {
		path = lookup(from.Env, envFile)
	}
	if path == "" {
		return
	}
	refuse := func(what string) {
		l.problems = append(l.problems, Problem{Field: "config", Value: path, What: what, Do: "Name a readable YAML file; deploy/incamera.yaml is a sample."})
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxFileBytes {
		refuse("the file is larger than a configuration can be")
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		refuse("the file cannot be read: " + reason(err))
		return
	}
	var rows map[string]any
	if err := yaml.Unmarshal(text, &rows); err != nil {
		refuse("the file is not YAML of the form `key: value`:\n" + yaml.FormatError(err, false, true))
		return
	}
	for _, key := range sorted(rows) {
		if rows[key] == nil {
			continue // a key without a value is as if it were not there
		}
		text, ok := scalar(rows[key])
		if !ok {
			l.problems = append(l.problems, Problem{Field: key, What: "is neither a value nor a list of values", Do: "Write `key: value` or `key: [value, value]`."})
			continue
		}
		l.set(key, value{text, path})
	}
}

func (l *loader) readEnv(env []string) {
	for _, pair := range env {
		name, text, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		if !ours || name == envFile || text == "" {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(rest), "_", "-")
		if EnvName(key) != name {
			key = name // a name in mixed case is no name of ours
		}
		l.set(key, value{text, name})
	}
}

func (l *loader) readFlags(flags map[string]string) {
	for _, key := range sorted(flags) {
		l.set(key, value{flags[key], "--" + key})
	}
}

func (l *loader) set(key string, v value) {
	if !slices.ContainsFunc(fields, func(f field) bool { return f.key == key }) {
		l.problems = append(l.problems, Problem{Field: key, Value: v.text, Origin: v.origin, What: "there is no such field", Do: "Write one of " + strings.Join(Keys(), ", ") + "."})
		return
	}
	l.values[key] = v
}

// assign turns texts into the types of the fields; a text that does not fit leaves the default.
func (l *loader) assign() Config {
	var cfg Config
	target := reflect.ValueOf(&cfg).Elem()
	for _, f := range fields {
		v, given := l.values[f.key]
		if !given {
			continue
		}
		if problem := f.assign(target.Field(f.index), v); problem != nil {
			l.problems = append(l.problems, *problem)
			if f.fallback != "" {
				f.assign(target.Field(f.index), value{text: f.fallback})
			}
		}
	}
	return cfg
}

// EnvName is the environment variable of a key.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case uint64, int64, bool, float64:
		return fmt.Sprint(v), true
	case []any:
		var texts []string
		for _, item := range v {
			text, ok := scalar(item)
			if !ok {
				return "", false
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, ","), true
	default:
		return "", false
	}
}

// parse reads one value by the type of its field.
func parse(text string, into reflect.Value) error {
	switch into.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		into.SetInt(int64(d))
		return err
	case int:
		n, err := strconv.Atoi(text)
		into.SetInt(int64(n))
		return err
	case bool:
		on, err := strconv.ParseBool(text)
		into.SetBool(on)
		return err
	case []string:
		var items []string
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		into.Set(reflect.ValueOf(items))
		return nil
	default:
		into.SetString(text)
		return nil
	}
}
