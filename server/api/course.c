/* Modules, labs and the files that come with them. */
#include <string.h>

#include "server/api/inside.h"
#include "server/api/view.h"

/* What the caller has of each lab. */
struct scores {
    struct score *list;
    size_t count;
};

static bool read_scores(struct http_request *r, struct api *api, struct scores *ret)
{
    struct err why = {0};
    if (score_of_user(api->config.store, caller_user(r)->id, http_arena(r), &ret->list, &ret->count,
                      &why) == OK)
        return true;
    http_problem_err(r, &why);
    return false;
}

static const struct score *score_for(const struct scores *scores, const struct lab *lab)
{
    for (size_t i = 0; i < scores->count; i++)
        if (strcmp(scores->list[i].lab, lab->id) == 0)
            return &scores->list[i];
    return NULL;
}

static bool is_staff(const struct http_request *r)
{
    return caller_user(r)->role != ROLE_LEARNER;
}

/* The labs of one module; -1: of all. */
static json_t *view_labs(const struct catalogue *c, const struct scores *scores, int module,
                         bool staff)
{
    json_t *labs = json_array();
    for (size_t i = 0; i < c->n_labs; i++)
        if (module < 0 || c->labs[i].module == module)
            json_array_append_new(
                labs, view_lab_brief(&c->labs[i], score_for(scores, &c->labs[i]), staff));
    return labs;
}

void modules_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    struct scores scores;
    if (!read_scores(r, api, &scores))
        return;
    json_t *modules = json_array();
    for (size_t i = 0; i < api->catalogue->n_modules; i++) {
        json_t *module = json_deep_copy(api->catalogue->modules[i].brief);
        json_object_set_new(
            module, "labs",
            view_labs(api->catalogue, &scores, api->catalogue->modules[i].number, is_staff(r)));
        json_array_append_new(modules, module);
    }
    http_reply_json(r, 200, json_pack("{s:o}", "modules", modules));
}

void labs_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    struct scores scores;
    if (read_scores(r, api, &scores))
        http_reply_json(r, 200,
                        json_pack("{s:o, s:n}", "labs",
                                  view_labs(api->catalogue, &scores, -1, is_staff(r)), "next"));
}

const struct lab *route_lab(struct http_request *r, const struct api *api)
{
    const struct lab *lab = catalogue_lab(api->catalogue, http_param(r, "id"));
    if (lab == NULL)
        http_problem(r, PROBLEM_NOT_FOUND, "there is no lab '%.60s'", http_param(r, "id"));
    return lab;
}

const struct lab *route_available_lab(struct http_request *r, const struct api *api)
{
    const struct lab *lab = route_lab(r, api);
    if (lab == NULL || lab->unavailable == NULL)
        return lab;
    http_problem(r, PROBLEM_LAB_UNAVAILABLE, "lab %s: %.400s", lab->id,
                 is_staff(r) ? lab->unavailable
                             : "something is wrong with the lab itself; its authors can see what");
    return NULL;
}

void lab_handler(struct http_request *r, void *context)
{
    struct api *api = context;
    const struct lab *lab = route_available_lab(r, api);
    struct scores scores;
    if (lab != NULL && read_scores(r, api, &scores))
        http_reply_json(r, 200, view_lab(lab, score_for(&scores, lab)));
}

void lab_file_handler(struct http_request *r, void *context)
{
    const struct lab *lab = route_available_lab(r, context);
    if (lab == NULL)
        return;
    const char *path = http_param(r, "path");
    const struct lab_provided *file = lab_provided_file(lab, path);
    if (file == NULL) {
        http_problem(r, PROBLEM_NOT_FOUND, "lab %s gives out no file '%.80s'", lab->id, path);
        return;
    }
    http_reply(r, 200, media_type_of(path), file->bytes, file->size);
}

const char *media_type_of(const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {{".c", "text/x-c; charset=utf-8"},
                 {".h", "text/x-c; charset=utf-8"},
                 {".cu", "text/x-c; charset=utf-8"},
                 {".md", "text/markdown; charset=utf-8"}};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "text/plain; charset=utf-8";
}
