package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A change replaces the bytes from begin to end of a file.
type change struct {
	file         string
	source       []byte
	begin, end   int
	with         string
	line, column int
}

func (c change) String() string {
	return fmt.Sprintf("%s:%d:%d: %s → %s", c.file, c.line, c.column, short(string(c.source[c.begin:c.end])),
		short(c.with))
}

// short returns s as one line of at most 60 bytes or so.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 60 {
		s = s[:40] + " … " + s[len(s)-15:]
	}
	return "`" + strings.ToValidUTF8(s, "") + "`"
}

func (c change) apply() []byte {
	return bytes.Join([][]byte{c.source[:c.begin], []byte(c.with), c.source[c.end:]}, nil)
}

// diff returns the lines of the file that the change is in, before and after.
func (c change) diff() string {
	first := bytes.LastIndexByte(c.source[:c.begin], '\n') + 1
	last := len(c.source)
	if i := bytes.IndexByte(c.source[c.end:], '\n'); i >= 0 {
		last = c.end + i
	}
	mark := func(sign, lines string) string {
		return "\t" + sign + strings.ReplaceAll(lines, "\n", "\n\t"+sign) + "\n"
	}
	return mark("-", string(c.source[first:last])) +
		mark("+", string(c.source[first:c.begin])+c.with+string(c.source[c.end:last]))
}

// possible returns the changes that can be made in a package, its tests and what is generated left out.
func possible(pkg string) ([]change, error) {
	dir := filepath.Clean(pkg)
	p, err := build.Default.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	var found []change
	for _, name := range p.GoFiles {
		path := filepath.Join(dir, name)
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if ast.IsGenerated(file) {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			edits(node, func(begin, end token.Pos, with ...string) {
				for _, w := range with {
					at := set.Position(begin)
					found = append(found, change{
						path, source, at.Offset, set.Position(end).Offset, w, at.Line,
						at.Column,
					})
				}
			})
			return true
		})
	}
	return found, nil
}

// swaps is what an operator may be changed into: a bound moved by one, a condition turned round, a sum into a
// difference.
var swaps = map[token.Token][]string{
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.AND: {"|"}, token.OR: {"&"},
	token.ADD_ASSIGN: {"-="}, token.SUB_ASSIGN: {"+="}, token.INC: {"--"}, token.DEC: {"++"},
}

// edits calls edit with each part of a node that can be replaced, and by what.
func edits(node ast.Node, edit func(begin, end token.Pos, with ...string)) {
	operator := func(at token.Pos, op token.Token) { edit(at, at+token.Pos(len(op.String())), swaps[op]...) }
	leaveOut := func() { edit(node.Pos(), node.End(), "") }
	switch n := node.(type) {
	case *ast.BinaryExpr:
		operator(n.OpPos, n.Op)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			edit(n.OpPos, n.OpPos+1, "")
		}
	case *ast.BasicLit:
		if i, err := strconv.ParseInt(n.Value, 0, 64); n.Kind == token.INT && err == nil {
			edit(n.Pos(), n.End(), strconv.FormatInt(i+1, 10))
		}
	case *ast.Ident:
		switch n.Name {
		case "true":
			edit(n.Pos(), n.End(), "false")
		case "false":
			edit(n.Pos(), n.End(), "true")
		}
	case *ast.IncDecStmt:
		operator(n.TokPos, n.Tok)
		leaveOut()
	case *ast.AssignStmt:
		operator(n.TokPos, n.Tok)
		if n.Tok != token.DEFINE {
			leaveOut()
		}
	case *ast.ExprStmt, *ast.DeferStmt, *ast.BranchStmt:
		leaveOut()
	case *ast.IfStmt:
		switch n.Cond.(type) {
		case *ast.Ident, *ast.SelectorExpr, *ast.CallExpr:
			edit(n.Cond.Pos(), n.Cond.Pos(), "!")
		}
		if k := len(n.Body.List); k > 0 && n.Else == nil {
			// an error that is not passed on, a case that is not told apart
			if _, ok := n.Body.List[k-1].(*ast.ReturnStmt); ok {
				edit(n.Body.Lbrace+1, n.Body.Rbrace, "")
			}
		}
	}
}
