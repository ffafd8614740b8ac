package agent

import (
	"encoding/json"
	"testing"
)

var weather = map[any]int{"Berlin": 7, "Rome": 21}

var tools = map[string]func(args object) object{
	"get_weather": func(args object) object { return object{"celsius": weather[args["city"]]} },
	"send_mail":   func(args object) object { return object{"status": "sent"} },
}

func TestComparesTheWeather(t *testing.T) {
	for name, stream := range map[string]bool{"whole": false, "streamed": true} {
		stream := stream
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gemini := newSpace(t)
			gemini.rules("../agent.toml")
			words, calls, err := Run(gemini.url, "Where is it warmer?", tools, stream)
			if err != nil {
				t.Fatal(err)
			}
			if words != "Told grace@example.com." {
				t.Errorf("said %q", words)
			}
			for i := range calls {
				calls[i].ID = ""
			}
			found, _ := json.Marshal(calls)
			wanted := `[{"name":"get_weather","args":{"city":"Berlin"}},{"name":"get_weather","args":{"city":"Rome"}},` +
				`{"name":"send_mail","args":{"body":"Rome is warmer.","to":"ada@example.com"}},` +
				`{"name":"send_mail","args":{"body":"Ask Ada, please.","to":"grace@example.com"}}]`
			if string(found) != wanted {
				t.Errorf("called %s", found)
			}
			gemini.verify(`{"inOrder": true, "expect": [{"when": {"after": "get_weather"}, "times": 2}, {"when": {"step": 4}}]}`)
		})
	}
}
