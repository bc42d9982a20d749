package graph

import (
	"encoding/json"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Response is the answer to one Request. Release must be called when its bytes are no longer needed.
type Response struct {
	// Data is the JSON of "data"; nil when the answer has no such key. It is valid until Release.
	Data []byte
	// Errors each have extensions.code.
	Errors []*gqlerror.Error
	// Extensions are the members of "extensions" as JSON, without the braces; nil for none.
	Extensions []byte
	// Began reports whether execution began: the request was well-formed and valid, and what failed failed while
	// answering.
	Began bool
	// Overloaded reports that the server could not answer now, and may a little later.
	Overloaded bool
	// Operation is the operation's name, Kind "query", "mutation" or "subscription"; "" when there is none.
	Operation, Kind string

	engine *Engine
	memory *writing
}

// Code is the code of the first error, "" when there is none.
func (r *Response) Code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	code, _ := r.Errors[0].Extensions["code"].(string)
	return code
}

// dataPrefix is how an answer without errors begins. It is written ahead of the data, so that nothing is copied then.
const dataPrefix = `{"data":`

// JSON is the answer as one JSON object, as AppendJSON writes it. It is valid until Release.
func (r *Response) JSON() []byte {
	if r.memory == nil || len(r.Errors) > 0 || r.Extensions != nil {
		return r.AppendJSON(nil)
	}
	r.memory.buf = append(r.memory.buf, '}')
	whole := r.memory.buf
	r.memory.buf = whole[:len(whole)-1]
	return whole
}

// AppendJSON appends the answer as one JSON object: "errors" first when there are any, then "data", then "extensions".
func (r *Response) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	if len(r.Errors) > 0 {
		dst = append(dst, `"errors":[`...)
		dst = appendErrors(dst, r.Errors)
		dst = append(dst, ']')
	}
	if r.Data != nil {
		if len(r.Errors) > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"data":`...)
		dst = append(dst, r.Data...)
	}
	if r.Extensions != nil {
		if len(dst) > len(`{`) {
			dst = append(dst, ',')
		}
		dst = append(dst, `"extensions":{`...)
		dst = append(dst, r.Extensions...)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// maxErrorBytes is how long the errors of an answer are together; what would be beyond is left out.
const maxErrorBytes = 60 << 10

// appendErrors writes errors, as many as fit and at least the first: without its details where those are too long.
func appendErrors(dst []byte, errs []*gqlerror.Error) []byte {
	start := len(dst)
	for i, err := range errs {
		b, failed := json.Marshal(err)
		if failed != nil || len(b) > maxErrorBytes {
			b, failed = json.Marshal(
				&gqlerror.Error{Message: err.Message, Extensions: map[string]any{"code": err.Extensions["code"]}},
			)
		}
		if failed != nil {
			b = []byte(`{"message":"the error could not be written","extensions":{"code":"INTERNAL"}}`)
		}
		if i > 0 {
			if len(dst)-start+len(b) >= maxErrorBytes {
				break
			}
			dst = append(dst, ',')
		}
		dst = append(dst, b...)
	}
	return dst
}

// maxPooled is the largest buffer that is kept for another answer.
const maxPooled = 1 << 20

// Release returns the answer's buffers. The Response must not be used afterwards.
func (r *Response) Release() {
	if r.memory != nil && cap(r.memory.buf) <= maxPooled {
		r.engine.buffers.Put(r.memory)
	}
	r.memory, r.Data = nil, nil
}
