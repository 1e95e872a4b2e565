#include "reference/model/train/story.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Who and what one story is about. */
struct cast {
    const char *name, *kind, *he, *his;
    const char *friend, *friend_kind, *friend_he;
    const char *place, *far, *thing, *food, *size;
    char a_friend_kind[16]; /* with its article */
};

struct who {
    const char *name;
    bool she;
};

static const struct who names[] = {
    {"Pip", false},  {"Mia", true},   {"Tom", false},  {"Lily", true}, {"Ben", false},
    {"Rosa", true},  {"Max", false},  {"Nina", true},  {"Oto", false}, {"Ida", true},
    {"Finn", false}, {"Ella", true},  {"Leo", false},  {"Zoe", true},  {"Sam", false},
    {"Ruby", true},  {"Hugo", false}, {"Wanda", true},
};

static const char *const kinds[] = {"fox",    "bear",   "mouse", "rabbit",   "owl",
                                    "frog",   "duck",   "cat",   "hedgehog", "goat",
                                    "turtle", "badger", "sheep", "otter"};
static const char *const places[] = {"forest", "valley", "village", "meadow", "garden", "hills"};
static const char *const far_places[] = {"river", "old mill", "mountain", "lake", "sea", "big oak"};
static const char *const things[] = {"red ball",    "kite", "drum", "silver bell", "blue hat",
                                     "little boat", "book", "lamp", "warm scarf",  "wooden horse"};
static const char *const foods[] = {"bread", "honey", "apple pie", "soup", "cheese", "plum cake"};
static const char *const sizes[] = {"small", "young", "brave", "quiet", "happy", "clever", "shy"};

/* In a plot "[a|b]" is one of the two, and "{word}" is of the cast. */
static const char *const openings[] = {
    ("[Once upon a time|Long ago|One day] there was a {size} {kind} named {name}. {He} lived in "
     "the {place} near the {far}. "),
    "In the {place} near the {far} lived a {size} {kind}. {His} name was {name}. ",
    "{name} was a {size} {kind} who lived in the {place}. ",
};

static const char *const meetings[] = {
    "{His} best friend was {a_friend_kind} named {friend}. ",
    "Every day {he} played with {friend} the {friend_kind}. ",
    "Next door lived {friend}, a [kind|funny|wise|cheerful] {friend_kind}. ",
};

static const char *const plots[] = {
    /* lost and found */
    "One [sunny|cold|windy|bright] morning, {name} could not find {his} {thing}. {He} looked under "
    "the bed. {He} looked behind the door. The {thing} was not there. {name} [felt sad|began to "
    "cry|was very sad]. \"I will help you,\" said {friend}. [They walked to the {far}.|They went "
    "all "
    "the way to the {far}.] There, [in the grass|under a stone|behind a tree], was the {thing}! "
    "\"Thank you, {friend},\" said {name}. ",
    /* the broken bridge */
    "One [sunny|warm|bright] day, {name} wanted to visit {friend} with some {food}. But the bridge "
    "was broken, and the water was [deep|cold|fast]. {name} sat down and thought. Then {he} saw a "
    "long [log|board|branch]. {He} pushed it over the water, [step by step|bit by bit|with all "
    "{his} "
    "strength]. Now there was a new bridge! {friend} clapped and said, \"How clever you are!\" "
    "They "
    "ate the {food} together. ",
    /* too high */
    "One day, {his} {thing} flew up into a tall tree. {name} jumped and jumped, but the tree was "
    "too "
    "high. \"[Oh no|Oh my|Oh dear],\" said {name}. {friend} came by and said, \"Climb on my "
    "back.\" {name} climbed up and [reached out {his} hand|stretched as far as {he} could]. At "
    "last "
    "{he} had the {thing} again. \"We did it!\" they shouted. ",
    /* the storm */
    "One evening, a [big|dark|loud] storm came over the {place}. The rain fell and the wind blew. "
    "{name} heard a knock at the door. It was {friend}, and {friend_he} was [wet|cold|wet and "
    "cold]. "
    "\"Come in,\" said {name}. {He} made a fire and gave {friend} some warm {food}. They told "
    "stories "
    "until the storm was over. In the morning the sun was shining. ",
    /* afraid of the dark */
    "When night came, {name} was afraid of the dark. \"What if something is [there|hiding|under my "
    "bed]?\" {he} asked. {friend} brought a little lamp and said, \"Look, the dark is only the day "
    "asleep.\" They went outside and saw [the moon|a thousand stars|the stars]. {name} was not "
    "afraid any more. {He} fell asleep with a smile. ",
    /* broken and mended */
    "One afternoon, {name} broke the {thing} of {friend}. {He} wanted to [hide|run away|hide it]. "
    "But "
    "then {he} said, \"I am sorry. I broke it.\" {friend} was [sad|quiet] for a moment. Then "
    "{friend_he} said, \"Let us mend it.\" They took some [glue|string|tape] and worked [all "
    "day|until the evening]. The {thing} was as good as new. ",
    /* the race */
    "All the animals wanted to run a race to the {far}. {name} was [slow|the slowest], and the "
    "others "
    "laughed. But {he} did not stop. {He} went on and on, past the [hill|well|fence] and over the "
    "[stones|field|grass]. The fast ones [lay down to sleep|stopped to eat|lost the way]. {name} "
    "came "
    "to the {far} [first|before all of them]! {friend} was so proud. ",
    /* sharing */
    "{name} had one last piece of {food}. It smelled so good. Then {friend} came and said, \"I "
    "have "
    "not eaten today.\" {name} looked at the {food}. {He} was hungry too. [Then|So] {he} cut it in "
    "two. \"Half for you and half for me,\" said {name}. It was the best {food} they had ever "
    "eaten. ",
    /* trying again */
    "{name} wanted to build a [tower|little house|nest]. {He} put one [stone|stick|block] on "
    "another, "
    "but it fell down. {He} tried again, and it fell down again. \"I cannot do it,\" said {name}. "
    "\"Not yet,\" said {friend}. \"Try once more.\" {name} worked slowly this time. In the evening "
    "it "
    "stood [high and strong|firm and tall]. ",
    /* a gift */
    "It was the birthday of {friend}, and {name} had no gift. {He} walked to the {far} to look for "
    "one. {He} found [a round stone|a white feather|a yellow flower|a shell]. \"It is so small,\" "
    "thought {name}. But {friend} [smiled|laughed] and said, \"It is [beautiful|just what I "
    "wanted], "
    "because you found it for me.\" ",
};

static const char *const endings[] = {
    "And from that day on they were the best of friends.\n",
    "That night {name} slept [very well|without a worry].\n",
    "{name} never forgot that day.\n",
    "They [laughed|sang|danced] all the way home.\n",
    "And {name} was happy again.\n",
    ("{name} had learned that [friends help each other|it is good to share|one must not give "
     "up|asking for help is brave].\n"),
};

#define COUNT(list)     (sizeof(list) / sizeof(list)[0])
#define PICK(rng, list) ((list)[rng_below(rng, COUNT(list))])

static void cast_hero(struct rng *rng, struct cast *c)
{
    const struct who *hero = &PICK(rng, names), *friend = hero;
    while (friend == hero)
        friend = &PICK(rng, names);
    c->name = hero->name;
    c->he = hero->she ? "she" : "he";
    c->his = hero->she ? "her" : "his";
    c->friend = friend->name;
    c->friend_he = friend->she ? "she" : "he";
}

static void cast_story(struct rng *rng, struct cast *c)
{
    cast_hero(rng, c);
    c->kind = PICK(rng, kinds);
    do
        c->friend_kind = PICK(rng, kinds);
    while (c->friend_kind == c->kind);
    snprintf(c->a_friend_kind, sizeof c->a_friend_kind, "%s %s",
             strchr("aeiou", c->friend_kind[0]) != NULL ? "an" : "a", c->friend_kind);
    c->place = PICK(rng, places);
    c->far = PICK(rng, far_places);
    c->thing = PICK(rng, things);
    c->food = PICK(rng, foods);
    c->size = PICK(rng, sizes);
}

static const char *word_of(const struct cast *c, const char *key, size_t length)
{
    const struct {
        const char *key, *word;
    } words[] = {
        {"name", c->name},
        {"kind", c->kind},
        {"he", c->he},
        {"his", c->his},
        {"friend", c->friend},
        {"friend_kind", c->friend_kind},
        {"a_friend_kind", c->a_friend_kind},
        {"friend_he", c->friend_he},
        {"place", c->place},
        {"far", c->far},
        {"thing", c->thing},
        {"food", c->food},
        {"size", c->size},
    };
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i].key) == length && strncasecmp(words[i].key, key, length) == 0)
            return words[i].word;
    return "?";
}

/* "{He}" begins a sentence and so does its word. */
static void put_word(const struct cast *c, const char *key, size_t length, struct str *out)
{
    const char *word = word_of(c, key, length);
    const char first =
        isupper((unsigned char)key[0]) ? (char)toupper((unsigned char)word[0]) : word[0];
    str_add_bytes(out, &first, 1);
    str_add(out, word + 1);
}

static void expand(struct rng *rng, const struct cast *c, const char *text, size_t length,
                   struct str *out);

/* One of the parts between '|'. Brackets do not nest. */
static void put_choice(struct rng *rng, const struct cast *c, const char *text, size_t length,
                       struct str *out)
{
    uint32_t parts = 1;
    for (size_t i = 0; i < length; i++)
        parts += text[i] == '|';
    for (uint32_t skip = rng_below(rng, parts); skip > 0; skip--) {
        const size_t part = strcspn(text, "|") + 1;
        text += part;
        length -= part;
    }
    const char *end = memchr(text, '|', length);
    expand(rng, c, text, end != NULL ? (size_t)(end - text) : length, out);
}

static void expand(struct rng *rng, const struct cast *c, const char *text, size_t length,
                   struct str *out)
{
    for (const char *end = text + length; text < end; text++) {
        if (*text != '{' && *text != '[') {
            str_add_bytes(out, text, 1);
            continue;
        }
        const size_t inner = strcspn(text + 1, *text == '{' ? "}" : "]");
        if (*text == '{')
            put_word(c, text + 1, inner, out);
        else
            put_choice(rng, c, text + 1, inner, out);
        text += inner + 1;
    }
}

void story_tell(struct rng *rng, struct str *out)
{
    struct cast c;
    cast_story(rng, &c);
    const char *const parts[] = {PICK(rng, openings), PICK(rng, meetings), PICK(rng, plots),
                                 PICK(rng, endings)};
    for (size_t i = 0; i < COUNT(parts); i++)
        expand(rng, &c, parts[i], strlen(parts[i]), out);
}
