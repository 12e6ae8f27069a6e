package arch

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// source is one Go file, read here and not by `go list`: so the go command knows it for an input of the
// test and never answers from its cache after a change.
type source struct {
	path, room, dir string
	test, generated bool
	lines           int
	imports         map[string]*ast.ImportSpec // by path
	ast             *ast.File
	pos             *token.FileSet
}

// tree is what is checked: Go files parsed, the page's files as text.
type tree struct {
	files []source
	page  map[string]string
}

// skipped folders are not ours or have a law of their own.
var skipped = words(".git bin tools node_modules incamera-data dist build out testdata")

func read(house fs.FS) (tree, error) {
	t := tree{page: map[string]string{}}
	err := fs.WalkDir(house, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(skipped, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		switch path.Ext(name) {
		case ".go":
			return t.addGo(house, name)
		case ".svelte", ".css":
			return t.addPage(house, name)
		}
		if name == lockFile {
			return t.addPage(house, name)
		}
		return nil
	})
	return t, err
}

func (t *tree) addPage(house fs.FS, name string) error {
	text, err := fs.ReadFile(house, name)
	t.page[name] = string(text)
	return err
}

func (t *tree) addGo(house fs.FS, name string) error {
	text, err := fs.ReadFile(house, name)
	if err != nil {
		return err
	}
	pos := token.NewFileSet()
	parsed, err := parser.ParseFile(pos, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.files = append(t.files, source{
		path: name, dir: path.Dir(name), room: roomOf(path.Dir(name)),
		test: strings.HasSuffix(name, "_test.go"), generated: ast.IsGenerated(parsed),
		lines: bytes.Count(text, []byte("\n")), imports: importsOf(parsed), ast: parsed, pos: pos,
	})
	return nil
}

// roomOf is the drawn room that a folder belongs to; for a folder outside the drawing, itself.
func roomOf(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, drawn := rows[d]; drawn {
			return d
		}
	}
	return dir
}

// rows is the drawing by room: the number of its row, the highest first.
var rows = func() map[string]int {
	rows := map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(drawing), "\n") {
		for _, room := range words(line) {
			rows[room] = i
		}
	}
	return rows
}()

// line is where a node stands, for messages.
func (s source) line(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.pos.Position(n.Pos()).Line)
}

// importsOf reads the import paths of a parsed file.
func importsOf(file *ast.File) map[string]*ast.ImportSpec {
	found := map[string]*ast.ImportSpec{}
	for _, spec := range file.Imports {
		name, _ := strconv.Unquote(spec.Path.Value) // the parser has checked the quotes
		found[name] = spec
	}
	return found
}

// selects tells whether n is the selector pkg.NAME of an imported package, and gives NAME.
func (s source) selects(n ast.Node, pkg string) (string, bool) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	spec, imported := s.imports[pkg]
	ident, ok := sel.X.(*ast.Ident)
	if !ok || !imported {
		return "", false
	}
	local := path.Base(pkg)
	if spec.Name != nil {
		local = spec.Name.Name
	}
	return sel.Sel.Name, ident.Name == local
}
