// Package clients pins genqlient for the tests in test/clients, and what the clients import that it writes.
package clients

import _ "github.com/Khan/genqlient/graphql"
