// Package agent is an agent with two tools, over the API itself: the model calls, the agent answers, until the model
// only speaks.
package agent

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

const model = "gemini-3.8-flash"

type object = map[string]any

// Call is a function that the model has called.
type Call struct {
	ID   string         `json:"id,omitempty"`
	Name string         `json:"name"`
	Args map[string]any `json:"args"`
}

type part = map[string]json.RawMessage

type response struct {
	Candidates []struct {
		Content struct {
			Parts []part `json:"parts"`
		} `json:"content"`
	} `json:"candidates"`
}

func declaration(name string, names ...string) object {
	properties := object{}
	for _, each := range names {
		properties[each] = object{"type": "string"}
	}
	return object{"name": name, "parametersJsonSchema": object{"type": "object", "properties": properties}}
}

func partsOf(url string, body object, stream bool) ([]part, error) {
	method := "generateContent"
	if stream {
		method = "streamGenerateContent?alt=sse"
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest("POST", fmt.Sprintf("%s/v1beta/models/%s:%s", url, model, method), bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("x-goog-api-key", "any")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	var parts []part
	take := func(decoder *json.Decoder) error {
		var chunk response
		if err := decoder.Decode(&chunk); err != nil {
			return err
		}
		for _, candidate := range chunk.Candidates {
			parts = append(parts, candidate.Content.Parts...)
		}
		return nil
	}
	if !stream {
		err := take(json.NewDecoder(answer.Body))
		return parts, err
	}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "data: ") {
			continue
		}
		if err := take(json.NewDecoder(strings.NewReader(line[len("data: "):]))); err != nil {
			return nil, err
		}
	}
	return parts, lines.Err()
}

// Run gives the last words of the model, and the calls that it made.
func Run(url, question string, tools map[string]func(args object) object, stream bool) (string, []Call, error) {
	contents := []object{{"role": "user", "parts": []object{{"text": question}}}}
	declared := []object{declaration("get_weather", "city"), declaration("send_mail", "to", "body")}
	var calls []Call
	for step := 0; step < 10; step++ {
		body := object{"contents": contents, "tools": []object{{"functionDeclarations": declared}}}
		parts, err := partsOf(url, body, stream)
		if err != nil {
			return "", calls, err
		}
		words := ""
		var answers []object
		for _, each := range parts {
			if text, is := each["text"]; is {
				var said string
				_ = json.Unmarshal(text, &said)
				words += said
			}
			asked, is := each["functionCall"]
			if !is {
				continue
			}
			var call Call
			if err := json.Unmarshal(asked, &call); err != nil {
				return "", calls, err
			}
			calls = append(calls, call)
			answer := object{"name": call.Name, "response": tools[call.Name](call.Args)}
			if call.ID != "" {
				answer["id"] = call.ID
			}
			answers = append(answers, object{"functionResponse": answer})
		}
		if len(answers) == 0 {
			return words, calls, nil
		}
		contents = append(contents, object{"role": "model", "parts": parts}, object{"role": "user", "parts": answers})
	}
	return "", calls, errors.New("the model did not come to an end")
}
