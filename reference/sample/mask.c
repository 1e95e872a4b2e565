#include "reference/sample/mask.h"

#include <string.h>

static int compare(const struct ref_mask_piece *a, const struct ref_mask_piece *b)
{
    const uint32_t n = a->len < b->len ? a->len : b->len;
    const int order = n == 0 ? 0 : memcmp(a->bytes, b->bytes, n);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static void sift(const struct ref_mask_piece *piece, uint32_t *order, uint32_t root, uint32_t n)
{
    const uint32_t top = order[root];
    for (uint32_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && compare(&piece[order[child]], &piece[order[child + 1]]) < 0)
            child++;
        if (compare(&piece[top], &piece[order[child]]) >= 0)
            break;
        order[root] = order[child];
    }
    order[root] = top;
}

void ref_mask_sort(const struct ref_mask_piece *piece, uint32_t n, uint32_t *order)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n / 2; i > 0; i--)
        sift(piece, order, i - 1, n);
    for (uint32_t end = n; end > 1; end--) {
        const uint32_t last = order[0];
        order[0] = order[end - 1];
        order[end - 1] = last;
        sift(piece, order, 0, end - 1);
    }
}

static uint32_t common(const struct ref_mask_piece *a, const struct ref_mask_piece *b)
{
    uint32_t n = 0;
    while (n < a->len && n < b->len && a->bytes[n] == b->bytes[n])
        n++;
    return n;
}

/* path[i] is the state behind the first i bytes of `last`, for i up to `alive`: there it ends. */
struct walk {
    struct ref_gbnf_state *s;
    struct ref_gbnf_mark *path;
    const struct ref_mask_piece *last;
    uint32_t alive;
};

/* Whether the piece may come. */
static bool follow(struct walk *w, const struct ref_mask_piece *p)
{
    const uint32_t same = common(w->last, p);
    w->last = p;
    if (same > w->alive)
        return false; /* the bytes that killed the last one */
    for (w->alive = same; w->alive < p->len; w->alive++) {
        w->path[w->alive + 1] = w->path[w->alive];
        if (!ref_gbnf_step(w->s, &w->path[w->alive + 1], p->bytes[w->alive]))
            return false;
    }
    return true;
}

enum ref_gbnf_status ref_gbnf_mask(struct ref_gbnf_state *s, const struct ref_mask_piece *piece,
                                   uint32_t n, const uint32_t *order, const int32_t *eog,
                                   uint32_t n_eog, struct ref_gbnf_mark *path, uint8_t *allow)
{
    static const struct ref_mask_piece nothing = {.bytes = NULL};
    struct walk w = {.s = s, .path = path, .last = &nothing};
    path[0] = s->at;
    for (uint32_t i = 0; i < n; i++) {
        const struct ref_mask_piece *p = &piece[order[i]];
        allow[order[i]] = 0;
        if (p->len > REF_MASK_LONGEST)
            return REF_GBNF_LIMIT;
        if (p->len == 0 || p->bytes[0] == 0)
            continue;
        s->full = false;
        allow[order[i]] = follow(&w, p);
        if (s->full)
            return REF_GBNF_LIMIT;
    }
    for (uint32_t i = 0; i < n_eog; i++)
        if (eog[i] >= 0 && (uint32_t)eog[i] < n)
            allow[eog[i]] = ref_gbnf_can_end(s);
    return REF_GBNF_OK;
}
