package reconcile

import (
	"strings"

	"github.com/throughline/throughline/internal/catalog"
)

// named is a type, a property or an entity as answers have it.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// typeOf returns a type of entity as answers have it.
func typeOf(t *catalog.Type) named {
	return named{t.Enum, strings.ToLower(strings.ReplaceAll(t.Enum, "_", " "))}
}

// types returns all types.
func (c *call) types() (all []named) {
	for _, t := range c.o.Catalog.Types {
		all = append(all, typeOf(t))
	}
	return all
}

// The size of a preview, in pixels.
const (
	previewWidth  = 430
	previewHeight = 260
)

// object is a JSON object.
type object = map[string]any

// manifest is that of version 0.2.
func (c *call) manifest() any {
	base := c.base()
	path := func(p string) object { return object{"service_url": base, "service_path": Root + p} }
	view := base + Root + "/preview?id={{id}}"
	if c.o.Explorer {
		view = base + "/e/{{id}}"
	}
	m := object{
		"versions": []string{"0.2"}, "name": "Throughline", "serviceVersion": c.o.Version,
		"identifierSpace": base + "/e/", "schemaSpace": base + Root + "/suggest/type",
		"defaultTypes": c.types(), "batchSize": maxBatch,
		"view":    object{"url": view},
		"preview": object{"url": base + Root + "/preview?id={{id}}", "width": previewWidth, "height": previewHeight},
		"suggest": object{
			"entity": path("/suggest/entity"), "type": path("/suggest/type"), "property": path("/suggest/property"),
		},
		"extend": object{"propose_properties": path("/extend/propose"), "property_settings": []object{
			{"name": "limit", "label": "Limit", "type": "number", "default": defaultValues, "help_text": limitHelp},
			{"name": "asOf", "label": "As of", "type": "text", "default": "", "help_text": asOfHelp},
		}},
	}
	return m
}

// The help of settings.
const (
	limitHelp = "Most values of a cell, up to 50."
	asOfHelp  = "Only links that may have held then: 2021, 2021-02 or 2021-02-25."
)

// draftManifest is that of the draft of 1.0.
func (c *call) draftManifest() any {
	view := c.base() + Draft + "/preview?id={id}"
	if c.o.Explorer {
		view = c.base() + "/e/{id}"
	}
	return object{
		"versions": []string{"1.0-draft"}, "name": "Throughline", "serviceVersion": c.o.Version,
		"defaultTypes": c.types(), "batchSize": maxBatch, "standardizedScore": true, "view": object{"url": view},
		"preview": object{"width": previewWidth, "height": previewHeight},
		"suggest": object{"entity": true, "type": true, "property": true},
		"extend": object{"proposeProperties": true, "propertySettings": []object{
			{"id": "limit", "name": "Limit", "type": "number", "default": defaultValues, "helpText": limitHelp},
			{"id": "asOf", "name": "As of", "type": "text", "default": "", "helpText": asOfHelp},
		}},
	}
}
