package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// space is a space of the emulator for one test. It needs the standard library alone.
type space struct {
	t         *testing.T
	name, url string
}

var notAName = regexp.MustCompile(`[^\w.-]+`)

func server() string {
	base := strings.TrimRight(os.Getenv("GEMINI_BASE_URL"), "/")
	if base == "" {
		base = "http://127.0.0.1:8790"
	}
	return regexp.MustCompile(`/spaces/[^/]+$`).ReplaceAllString(base, "")
}

// newSpace makes a space for this test, which is checked and ended with it.
func newSpace(t *testing.T) *space {
	name := notAName.ReplaceAllString(t.Name(), "-")
	s := &space{t, name, server() + "/spaces/" + name}
	s.admin("PUT", "", "application/json", []byte("{}"))
	t.Cleanup(func() {
		s.admin("GET", "/check", "", nil) // unmatched, refused, unused, left over, still open
		s.admin("DELETE", "", "", nil)
	})
	return s
}

// admin calls the admin API; what it refuses fails the test with its words.
func (s *space) admin(method, path, contentType string, body []byte) []byte {
	s.t.Helper()
	address := fmt.Sprintf("%s/_emulator/v1/spaces/%s%s", server(), s.name, path)
	request, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("content-type", contentType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode >= 400 {
		var problem struct{ Detail string }
		_ = json.Unmarshal(text, &problem)
		s.t.Errorf("%s", problem.Detail)
	}
	return text
}

func (s *space) rules(file string) {
	s.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.admin("PUT", "/rules", "application/toml", text)
}

func (s *space) verify(expect string) {
	s.t.Helper()
	s.admin("POST", "/verify", "application/json", []byte(expect))
}
