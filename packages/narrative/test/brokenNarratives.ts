/** Narratives with one mistake each, in what conditions, loops, paths, fan-outs, partials and approvals can say. */

/** An act whose answers are JSON. */
const plan = `[[acts]]
name = "plan"
prompt = "Plan it."
[acts.generation.response_json_schema]
type = "object"
[acts.generation.response_json_schema.properties]
title = { type = "string" }
level = { enum = ["easy", "hard"], type = "string" }
steps = { type = "array", items = { type = "object", properties = { name = { type = "string" }, hours = { type = "integer" } } } }
`

const draft = `[[acts]]
name = "draft"
prompt = "Write."
`

const act = (rest: string, name = "use"): string => `[[acts]]\nname = "${name}"\n${rest}\n`

const loop = (repeat: string, rest = ""): string =>
  `[[acts]]
name = "polish"
${repeat}
${rest}
[[acts.acts]]
name = "draft"
prompt = "Write {{previous.critique}}."
[[acts.acts]]
name = "critique"
prompt = "Rate {{draft}}."
[acts.acts.generation]
response_json_schema = { type = "object", properties = { score = { type = "integer" } } }
`

/** By what is wrong: the text. */
export const narratives: Readonly<Record<string, string>> = {
  // conditions
  "a condition on an act that is not there": draft + act("when = \"drat contains 'x'\"\nprompt = \"Say.\""),
  "a condition with a single =": plan + act("when = \"plan.level = 'easy'\"\nprompt = \"Say.\""),
  "a condition with &&": plan + act("when = \"plan.level == 'easy' && plan.title\"\nprompt = \"Say.\""),
  "a condition with braces": plan + act("when = \"{{plan.level}} == 'easy'\"\nprompt = \"Say.\""),
  "a condition that ends too early": plan + act("when = \"plan.level ==\"\nprompt = \"Say.\""),
  "a condition with a parenthesis left open": plan + act("when = \"(plan.level == 'easy'\"\nprompt = \"Say.\""),
  "an empty condition": plan + act("when = \"\"\nprompt = \"Say.\""),
  "a condition that compares a text with <": plan + act("when = \"plan.title < 3\"\nprompt = \"Say.\""),
  "a condition with a value that never comes": plan + act("when = \"plan.level == 'eazy'\"\nprompt = \"Say.\""),
  "a condition that takes a number for a truth": plan +
    act("when = \"plan.steps[0].hours == true\"\nprompt = \"Say.\""),
  "a condition on a field that is not there": plan + act("when = \"plan.steps[0].hour > 3\"\nprompt = \"Say.\""),
  "a condition that is no text": draft + act("when = true\nprompt = \"Say.\""),
  // loops
  "a loop without a maximum": loop("repeat = { until = \"critique.score >= 8\" }"),
  "a loop with a maximum of 0": loop("repeat = { until = \"critique.score >= 8\", max = 0 }"),
  "a loop with a maximum of a million": loop("repeat = { until = \"critique.score >= 8\", max = 1000000 }"),
  "a loop that does not say when it is done": loop("repeat = { max = 3 }"),
  "a loop whose condition never changes": plan + loop("repeat = { until = \"plan.title == 'x'\", max = 3 }"),
  "a loop with a misspelt key": loop("repeat = { untill = \"critique.score >= 8\", max = 3 }"),
  "a loop that is a fan-out, too": loop("for_each = [\"a\"]\nrepeat = { until = \"critique.score >= 8\", max = 3 }"),
  "a result that is not in the group": loop(
    "repeat = { until = \"critique.score >= 8\", max = 3 }",
    "result = \"draf\""
  ),
  "a group with a prompt": loop("repeat = { until = \"critique.score >= 8\", max = 3 }", "prompt = \"Say.\""),
  "a group that is never repeated": loop(""),
  "an act of a loop that is used outside": loop("repeat = { until = \"critique.score >= 8\", max = 3 }") +
    act("prompt = \"Mend {{draft}}\""),
  "an act of a loop that uses the loop": loop("repeat = { until = \"critique.score >= 8\", max = 3 }").replace(
    "{{previous.critique}}",
    "{{polish}}"
  ),
  // paths against a schema
  "a path into a text": draft + act("prompt = \"Use {{draft.title}}\""),
  "a field that is not in the schema": plan +
    act("prompt = \"Use\n{{plan.titel}}\"").replace("\"Use\n{{plan.titel}}\"", "\"\"\"Use\n  {{plan.titel}}\"\"\""),
  "a field deep in the schema that is not there": plan + act("prompt = \"Use {{plan.steps[0].nam}}\""),
  "a field of a list": plan + act("prompt = \"Use {{plan.steps.name}}\""),
  "a position in a text": plan + act("prompt = \"Use {{plan.title[0]}}\""),
  "a field of a variable": "[variables]\ntopic = \"x\"\n" + act("prompt = \"Use {{topic.name}}\""),
  "an alternative that is not there": plan +
    act("prompt = \"Use {{plan.title ?? drft ?? 'x'}} {{plan.title ?? plam.title}}\""),
  "a path from a misspelt act": plan + act("prompt = \"Use {{plam.title}}\""),
  // fan-out
  "a fan-out over a text": draft + act("for_each = \"draft\"\nprompt = \"Use {{item}}\""),
  "a fan-out over a field that is no list": plan + act("for_each = \"plan.title\"\nprompt = \"Use {{item}}\""),
  "a fan-out with braces": plan + act("for_each = \"{{plan.steps}}\"\nprompt = \"Use {{item.name}}\""),
  "a fan-out over nothing": act("for_each = []\nprompt = \"Use {{item}}\""),
  "a fan-out over a number": act("for_each = 3\nprompt = \"Use {{item}}\""),
  "a field that the items do not have": plan +
    act("for_each = \"plan.steps\"\nas = \"step\"\nprompt = \"Use {{step.titel}} {{step.nme}}\""),
  "an item that is called like an act": draft + act("for_each = [\"a\"]\nas = \"draft\"\nprompt = \"Use {{draft}}\""),
  "an item's name without a fan-out": act("as = \"step\"\nprompt = \"Use it.\""),
  "more items than there may be": act("for_each = [\"a\", \"b\", \"c\"]\nmax_items = 2\nprompt = \"Use {{item}}\""),
  "loops in loops that may cost a million requests":
    "[[acts]]\nname = \"all\"\nfor_each = \"plan.steps\"\n[[acts.acts]]\nname = \"some\"\nfor_each = [\"a\", \"b\"]\nas = \"it\"\n[[acts.acts.acts]]\n" +
    "name = \"one\"\nrepeat = { until = \"one\", max = 51 }\nprompt = \"Say {{item}}.\"\n" + plan,
  "a condition as long as a book": draft + act(`when = "${"(".repeat(50_000)}"\nprompt = "Say."`),
  // partials
  "a partial that is not there": "[partials]\ntone = \"Be kind.\"\n" + act("prompt = \"Say. {{> tonne}}\""),
  "a partial in a partial that is not there": "[partials]\ntone = \"Be kind. {{> mood}}\"\n" +
    act("prompt = \"Say. {{> tone}}\""),
  "partials that hold each other": "[partials]\na = \"{{> b}}\"\nb = \"{{> a}}\"\n" + act("prompt = \"Say. {{> a}}\""),
  "a partial that refers to no act": "[partials]\ntone = \"\"\"Be kind\nlike {{drat}}.\"\"\"\n" + draft +
    act("prompt = \"Say. {{> tone}}\""),
  "a partial in a file that is not there": "[partials]\ntone = { file = \"tone.md\" }\n" +
    act("prompt = \"Say. {{> tone}}\""),
  "a partial that nobody uses, with a reference to no act":
    "[partials]\ntone = \"Be kind like {{drat}} or {{item}}.\"\n" + draft +
    act("for_each = [\"a\"]\nprompt = \"Say {{item}}.\""),
  "partials that multiply":
    `[partials]\np0 = "x"\n${
      Array.from({ length: 40 }, (_, n) => `p${n + 1} = "{{> p${n}}} {{> p${n}}}"\n`).join("")
    }` + act("prompt = \"{{> p40}}\""),
  "a schema that holds itself": act(
    "prompt = \"Plan.\"\n[acts.generation.response_json_schema]\n\"$ref\" = \"#/$defs/a\"\n[acts.generation.response_json_schema.\"$defs\".a]\n" +
      "anyOf = [{ \"$ref\" = \"#/$defs/a\" }, { type = \"object\", properties = { next = { \"$ref\" = \"#/$defs/a\" }, name = { type = \"string\" } } }]\n",
    "plan"
  ) +
    act("prompt = \"{{plan.next.next.nam}}\""),
  // approvals and settings
  "an empty approval": draft + act("approve = \"\"\nprompt = \"Publish {{draft}}\""),
  "an approval that refers to no act": draft + act("approve = \"Publish {{drfat}}?\"\nprompt = \"Publish {{draft}}\""),
  "an approval that is no text": draft + act("approve = true\nprompt = \"Publish {{draft}}\""),
  "a Live act with functions": act("live = true\ntools = [\"weather\"]\nprompt = \"Say.\""),
  "a threshold that is none": act("safety = { harassment = \"low\" }\nprompt = \"Say.\""),
  "a PDF that is not there": act("inputs = [{ pdf = \"paper.pdf\" }]\nprompt = \"Sum it up.\""),
  "an address that does not tell what it is": act(
    "inputs = [{ url = \"https://x.test/page\" }]\nprompt = \"Sum it up.\""
  ),
  "a video that is a text": act("inputs = [{ video = \"story.toml\" }]\nprompt = \"Sum it up.\""),
  "TOML that ends in the middle": "[[acts]]\nname = \"a\nprompt = \"Say.\"\n"
}
