package neo4jstore

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/throughline/throughline/internal/kg"
)

// What others keep in the same database may have our labels and types. Ours are known by their marks: an entity or a source has an id
// and _sort, a link has an id of ours and joins two entities of ours. To ask for the marks of every link would take away what Neo4j
// knows without looking: how many links a node has, and how many there are of a kind. So the database is surveyed: as long as it
// holds no link that is not ours, statements do not ask. Whether that is still so, the bookmark of each statement says, which names
// the last transaction that anybody committed; when it is another than the survey's, the statement is run again and asks.

// survey reports whether a database held records that are not ours, at the bookmark mark.
type survey struct {
	mark string
	// links says that there are links that are not ours, and nodes that there are nodes with labels of our types that are not.
	links, nodes bool
}

// counting is the survey that is under way.
type counting struct {
	mu   sync.Mutex
	busy bool
	next time.Time // no other is begun before
}

// ours is a condition on a relationship with a type of ours.
func ours(r string) string {
	return r + ".id STARTS WITH '" + kg.LinkPrefix + "' AND startNode(" + r + ")._sort IS NOT NULL AND endNode(" + r + ")._sort IS NOT NULL"
}

// rel writes the relationship of a pattern: links of some types, which fit conditions.
func (c *compiler) rel(r, types string, conditions ...string) string {
	if c.asksLinks {
		if r == "" {
			r = c.name("r")
		}
		conditions = append(conditions, ours(r))
	}
	where := ""
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	return "[" + r + ":" + types + where + "]"
}

// onlyOurs writes the condition that a link which no pattern has found is ours.
func (c *compiler) onlyOurs(where, r string) string {
	if !c.asksLinks {
		return ""
	}
	return where + ours(r)
}

// layouts are a layout and those that ask.
func layouts(l *layout) (all [2][2]*layout) {
	for i := range all {
		for j := range all[i] {
			x := *l
			x.asksLinks, x.asksNodes = i == 1, j == 1
			all[i][j] = &x
		}
	}
	all[0][0] = l
	return all
}

// asking is the layout for the next statement.
func (s *Store) asking() *layout {
	at := s.survey.Load()
	if at == nil {
		s.count()
		return s.layouts[1][1]
	}
	i, j := 0, 0
	if at.links {
		i = 1
	}
	if at.nodes {
		j = 1
	}
	return s.layouts[i][j]
}

// holds reports whether a statement in some layout has asked enough to be right at a bookmark. Otherwise the next one asks for all.
func (s *Store) holds(l *layout, mark string) bool {
	if l.asksLinks && l.asksNodes {
		return true
	}
	at := s.survey.Load()
	if at != nil && at.mark == mark && (l.asksLinks || !at.links) && (l.asksNodes || !at.nodes) {
		return true
	}
	s.survey.CompareAndSwap(at, nil)
	return false
}

// count has the database surveyed behind the callers. A graph that is always being written is not counted over and over.
func (s *Store) count() {
	v := &s.counting
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.busy || s.lifetime.Err() != nil || time.Now().Before(v.next) {
		return
	}
	v.busy = s.sharing.start(func() {
		begin := time.Now()
		found, err := s.look(s.lifetime)
		if err != nil && s.lifetime.Err() == nil {
			s.log.WarnContext(s.lifetime, "what is not ours could not be counted; every statement asks for our marks", "cause", err.Error())
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.busy = false
		v.next = time.Now().Add(time.Since(begin))
		if found != nil {
			s.survey.Store(found)
		}
	})
}

// look surveys the database: nil when somebody wrote meanwhile.
func (s *Store) look(ctx context.Context) (*survey, error) {
	before, _, err := s.looked(ctx, "RETURN 1 AS one")
	if err != nil {
		return nil, err
	}
	mark, rows, err := s.looked(ctx, s.layout.surveyText())
	if err != nil || mark != before {
		return nil, err
	}
	links, _ := rows[0][0].(bool)
	nodes, _ := rows[0][1].(bool)
	return &survey{mark, links, nodes}, nil
}

// looked runs a statement of a survey. It returns the bookmark after it and the records.
func (s *Store) looked(ctx context.Context, text string) (mark string, rows [][]any, err error) {
	u, err := s.conns.enter(ctx, endless)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = u.leave(err) }()
	cfg := s.session
	cfg.AccessMode = neo4j.AccessModeRead
	session := u.session(cfg)
	defer u.end(session)
	res, err := session.Run(u.ctx, text, nil, neo4j.WithTxTimeout(scanTime))
	if err != nil {
		return "", nil, err
	}
	for res.Next(u.ctx) {
		rows = append(rows, res.Record().Values)
	}
	return strings.Join(session.LastBookmarks(), " "), rows, res.Err()
}

// surveyText compares what Neo4j counts of itself, by types and labels, with what our indexes hold.
func (l *layout) surveyText() string {
	c := &compiler{layout: l}
	c.w("RETURN EXISTS { MATCH (n:Entity) WHERE n._sort IS NULL OR n.id IS NULL MATCH (n)-[:", c.allLinks, "]-() }")
	for _, k := range c.linkTypes() {
		c.w("\n  OR COUNT { ()-[:", k, "]->() } <> COUNT { ()-[r:", k, " WHERE r.id STARTS WITH '", kg.LinkPrefix, "']->() }",
			" OR COUNT { ()-[:", k, "]->() } <> COUNT { (:Entity)-[:", k, "]->() } OR COUNT { ()-[:", k, "]->() } <> COUNT { ()-[:", k, "]->(:Entity) }")
	}
	c.w(" AS links,\n  false")
	for _, t := range c.cat.Types {
		c.w("\n  OR COUNT { (:", t.Name, ") } <> COUNT { MATCH (n:", t.Name, ") WHERE n._sort >= '' AND n.id >= '' }")
	}
	c.w(" AS nodes")
	return string(c.text)
}
