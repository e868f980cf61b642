/* schema.c - see schema.h: the table and what takes its notation apart. */
#include "ops/schema.h"

#include <stdio.h>
#include <string.h>

static const ofz_schema table[] = {
#define SCHEMA(domain, name, since, deprecated, formals, types, attrs)                             \
    { domain, name, since, deprecated, formals, types, attrs },
#include "ops/schema_a_c.def"
#include "ops/schema_d_l.def"
#include "ops/schema_m_r.def"
#include "ops/schema_s_z.def"
/* the other domains come last */
#include "ops/schema_others.def"
#undef SCHEMA
};

#define TABLE_COUNT (sizeof table / sizeof table[0])

const ofz_schema *ofz_schema_at(size_t index)
{
    return index < TABLE_COUNT ? &table[index] : NULL;
}

const ofz_schema *ofz_schema_find(const char *domain, const char *name, int since)
{
    size_t low = 0, high = TABLE_COUNT;

    while (low < high) {
        const size_t      mid = low + (high - low) / 2;
        const ofz_schema *s   = &table[mid];
        int               c   = strcmp(s->domain, domain);

        if (!c) c = strcmp(s->name, name);
        if (!c) c = s->since < since ? -1 : s->since > since;
        if (!c) return s;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* --- the notation ----------------------------------------------------------------------------- */

static const struct family {
    const char *name;
    uint32_t    types;
} families[] = {
    { "floats", 1u << OFZ_F16 | 1u << OFZ_F32 | 1u << OFZ_F64 },
    { "float8s",
      1u << OFZ_F8E4M3FN | 1u << OFZ_F8E4M3FNUZ | 1u << OFZ_F8E5M2 | 1u << OFZ_F8E5M2FNUZ },
    { "ints", 1u << OFZ_I8 | 1u << OFZ_I16 | 1u << OFZ_I32 | 1u << OFZ_I64 },
    { "uints", 1u << OFZ_U8 | 1u << OFZ_U16 | 1u << OFZ_U32 | 1u << OFZ_U64 },
    { "complexes", 1u << OFZ_C64 | 1u << OFZ_C128 },
};

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && !memcmp(text, word, size);
}

static uint32_t types_of_word(const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (is_word(text, size, families[i].name)) return families[i].types;
    for (int d = 1; d < 32; d++)
        if (ofz_dtype_get((ofz_dtype)d)->cls != OFZ_CLASS_NONE &&
            is_word(text, size, ofz_dtype_name((ofz_dtype)d)))
            return 1u << d;
    return 0;
}

/* Words up to `end`; false when one of them is no type. */
static bool words_read(const char *p, const char *end, uint32_t *out)
{
    while (p < end) {
        const size_t   size = strcspn(p, " );");
        const uint32_t got  = types_of_word(p, size);

        if (!got) return false;
        *out |= got;
        p += size;
        while (p < end && *p == ' ') p++;
    }
    return true;
}

/* A set up to ';' or the text's end; where it ended. NULL when malformed. */
static const char *types_read(const char *p, ofz_types *out)
{
    struct {
        const char *open;
        uint32_t   *set;
        bool       *map;
    } shell[] = { { "optional(seq(", &out->optional_seq, NULL },
                  { "optional(", &out->optional, NULL },
                  { "seq(map(", NULL, &out->seq_map },
                  { "seq(", &out->seq, NULL },
                  { "map(", NULL, &out->map } };

    *out = (ofz_types){ 0 };
    while (*p && *p != ';') {
        size_t k = 0, word = strcspn(p, " ;(");

        if (*p == ' ') {
            p++;
            continue;
        }
        if (p[word] != '(') {
            if (!words_read(p, p + word, &out->tensor)) return NULL;
            p += word;
            continue;
        }
        while (k < 5 && strncmp(p, shell[k].open, strlen(shell[k].open)) != 0) k++;
        if (k == 5 || !strchr(p, ')')) return NULL;
        p += strlen(shell[k].open);
        if (shell[k].map)
            *shell[k].map = true;
        else if (!words_read(p, strchr(p, ')'), shell[k].set))
            return NULL;
        p = strchr(p, ')');
        while (*p == ')') p++;
    }
    return p;
}

static bool variables_read(ofz_signature *s)
{
    const char *p = s->schema->types;

    while (*p) {
        const int k = s->variable_count++;

        if (k == OFZ_SCHEMA_VARIABLES) return false;
        s->variable[k].name      = p;
        s->variable[k].name_size = (int)strcspn(p, " ");
        p += s->variable[k].name_size;
        if (strncmp(p, " = ", 3) != 0) return false;
        p = types_read(p + 3, &s->variable[k].types);
        if (!p) return false;
        p += strspn(p, "; ");
    }
    return true;
}

static bool formal_read(ofz_signature *s, const char *p, size_t size)
{
    ofz_formal  *f     = &s->formal[s->in_count + s->out_count];
    const char  *colon = memchr(p, ':', size);
    const size_t type  = colon ? strcspn(colon + 1, " ?+*~") : 0;
    const char  *tail  = colon ? colon + 1 + type : NULL;

    if (!colon || s->in_count + s->out_count == OFZ_SCHEMA_FORMALS) return false;
    *f = (ofz_formal){ .name = p, .name_size = (int)(colon - p), .variable = -1 };
    for (; tail < p + size; tail++) {
        f->optional = f->optional || *tail == '?';
        f->variadic = f->variadic || *tail == '+' || *tail == '*';
        f->least    = *tail == '+' ? 1 : f->least;
        f->each     = f->each || *tail == '~';
    }
    for (int k = 0; k < s->variable_count; k++) {
        if ((size_t)s->variable[k].name_size != type ||
            memcmp(s->variable[k].name, colon + 1, type) != 0)
            continue;
        f->variable = k;
        f->types    = s->variable[k].types;
        return true;
    }
    f->types.tensor = types_of_word(colon + 1, type);
    return f->types.tensor != 0;
}

bool ofz_signature_read(const ofz_schema *schema, ofz_signature *out)
{
    bool outputs = false;

    *out = (ofz_signature){ .schema = schema };
    if (!variables_read(out)) return false;
    for (const char *p = schema->formals; *p; p += strspn(p, " ")) {
        const size_t size = strcspn(p, " ");

        if (is_word(p, size, "->"))
            outputs = true;
        else if (!formal_read(out, p, size))
            return false;
        else if (outputs)
            out->out_count++;
        else
            out->in_count++;
        p += size;
    }
    return outputs;
}

/* --- attributes ------------------------------------------------------------------------------- */

static ofz_attr_type attr_type_of(const char *text, size_t size)
{
    static const char *const name[] = { "",
                                        "float",
                                        "int",
                                        "string",
                                        "tensor",
                                        "graph",
                                        "floats",
                                        "ints",
                                        "strings",
                                        "tensors",
                                        "graphs",
                                        "sparse_tensor",
                                        "sparse_tensors",
                                        "type_proto",
                                        "type_protos" };

    for (size_t i = 1; i < sizeof name / sizeof name[0]; i++)
        if (is_word(text, size, name[i])) return (ofz_attr_type)i;
    return OFZ_ATTR_NONE;
}

bool ofz_schema_attr_next(const char **cursor, ofz_schema_attr *out)
{
    const char  *p    = *cursor + strspn(*cursor, " ");
    const size_t size = strcspn(p, ":");
    const char  *type = p + size + 1;
    size_t       n;

    if (!*p || !p[size]) return false;
    n    = strcspn(type, " !=");
    *out = (ofz_schema_attr){
        .name = p, .name_size = (int)size, .type = attr_type_of(type, n), .required = type[n] == '!'
    };
    p = type + n + out->required;
    if (*p == '=') {
        out->value      = p + 1;
        out->value_size = (int)strcspn(p + 1, " ");
        p += 1 + out->value_size;
    }
    *cursor = p;
    return true;
}

/* --- a node against its signature ------------------------------------------------------------- */

static const ofz_formal *formal_at(const ofz_formal *first, int count, size_t index)
{
    if (index < (size_t)count) return &first[index];
    return count && first[count - 1].variadic ? &first[count - 1] : NULL;
}

const ofz_formal *ofz_signature_in(const ofz_signature *s, size_t index)
{
    return formal_at(s->formal, s->in_count, index);
}

const ofz_formal *ofz_signature_out(const ofz_signature *s, size_t index)
{
    return formal_at(s->formal + s->in_count, s->out_count, index);
}

static bool has(uint32_t set, ofz_dtype dtype)
{
    return dtype > 0 && (int)dtype < 32 && set >> dtype & 1;
}

/* Is the element type (of a container: of its elements, where there are any) in the set? An
 * optional that holds something may come as what it holds: a loop that begins with an empty optional
 * sequence goes on with a sequence (ONNX's test_loop16_seq_none). */
static bool allows(const ofz_types *types, const ofz_tensor *t)
{
    const ofz_tensor *item = t->data && ofz_dtype_is_container(t->dtype) ? t->data : NULL;
    const uint32_t    set =
        t->dtype == OFZ_SEQUENCE ? types->seq | types->optional_seq : types->optional;

    if (!ofz_dtype_is_container(t->dtype)) return has(types->tensor | types->optional, t->dtype);
    if (t->dtype == OFZ_MAP) return types->map;
    if (t->dtype == OFZ_SEQUENCE && types->seq_map) return true;
    if (t->dtype == OFZ_OPTIONAL && types->optional_seq &&
        (!item || t->count < 1 || item->dtype == OFZ_SEQUENCE))
        return true;
    for (int64_t i = 0; item && i < t->count; i++)
        if (item[i].dtype && !has(set, item[i].dtype)) return false;
    return set != 0;
}

/* The order in which types are told. */
static const uint8_t telling[] = {
    OFZ_F16,        OFZ_F32,    OFZ_F64,    OFZ_BF16, OFZ_F8E4M3FN, OFZ_F8E4M3FNUZ, OFZ_F8E5M2,
    OFZ_F8E5M2FNUZ, OFZ_F8E8M0, OFZ_F4E2M1, OFZ_I2,   OFZ_I4,       OFZ_I8,         OFZ_I16,
    OFZ_I32,        OFZ_I64,    OFZ_U2,     OFZ_U4,   OFZ_U8,       OFZ_U16,        OFZ_U32,
    OFZ_U64,        OFZ_C64,    OFZ_C128,   OFZ_BOOL, OFZ_STRING,
};

/* The words of a set of element types, whole families by their name when there are many types. */
static int words_of(uint32_t set, const char **word)
{
    int count = 0, bits = 0;

    for (int d = 1; d < 32; d++) bits += set >> d & 1;
    for (size_t k = 0; k < sizeof telling; k++) {
        const int   d    = telling[k];
        const char *name = set >> d & 1 ? ofz_dtype_name((ofz_dtype)d) : NULL;

        for (size_t f = 0; name && bits > 8 && f < sizeof families / sizeof families[0]; f++)
            if (families[f].types >> d & 1 && (set & families[f].types) == families[f].types) {
                name = families[f].name;
                set &= ~families[f].types;
            }
        if (name) word[count++] = name;
    }
    return count;
}

const char *ofz_types_text(char *buf, const ofz_types *types)
{
    const char *word[40];
    int         count = words_of(types->tensor, word);
    size_t      n     = 0;

    if (types->seq || types->seq_map) word[count++] = "a sequence";
    if (types->optional || types->optional_seq) word[count++] = "an optional";
    if (types->map) word[count++] = "a map";
    buf[0] = '\0';
    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(buf + n, OFZ_SCHEMA_TYPES_TEXT - n, "%s%s",
                              i == 0           ? ""
                              : i == count - 1 ? " or "
                                               : ", ",
                              word[i]);
    return buf;
}

static ofz_status wrong_type(ofz_ctx *ctx, const char *what, size_t index, const ofz_formal *f,
                             const ofz_tensor *t)
{
    const ofz_tensor *item = t->data && ofz_dtype_is_container(t->dtype) ? t->data : NULL;
    char              text[OFZ_SCHEMA_TYPES_TEXT];

    return ofz_fail(ctx, OFZ_E_MODEL, "%s %zu (%.*s): %s%s%s, want %s", what, index, f->name_size,
                    f->name, ofz_dtype_name(t->dtype), item && t->count > 0 ? " of " : "",
                    item && t->count > 0 ? ofz_dtype_name(item->dtype) : "",
                    ofz_types_text(text, &f->types));
}

ofz_status ofz_signature_check(ofz_ctx *ctx, const ofz_signature *s, const ofz_tensor *const *in,
                               size_t count, ofz_variable_type *bound)
{
    memset(bound, 0, OFZ_SCHEMA_VARIABLES * sizeof *bound);
    for (size_t i = 0; i < count; i++) {
        const ofz_formal  *f = ofz_signature_in(s, i);
        ofz_variable_type *b;

        if (!f || !in[i] || !in[i]->dtype) continue;
        if (!allows(&f->types, in[i])) return wrong_type(ctx, "input", i, f, in[i]);
        if (f->variable < 0 || f->each) continue;
        b = &bound[f->variable];
        if (!b->dtype) *b = (ofz_variable_type){ in[i]->dtype, (int)i };
        if (b->dtype != in[i]->dtype)
            return ofz_fail(ctx, OFZ_E_MODEL, "input %zu (%.*s): %s, want %s as input %d (%.*s)", i,
                            f->name_size, f->name, ofz_dtype_name(in[i]->dtype),
                            ofz_dtype_name(b->dtype), b->input,
                            ofz_signature_in(s, (size_t)b->input)->name_size,
                            ofz_signature_in(s, (size_t)b->input)->name);
    }
    return OFZ_OK;
}

ofz_dtype ofz_signature_output(const ofz_signature *s, size_t index, const ofz_variable_type *bound)
{
    const ofz_formal *f = ofz_signature_out(s, index);
    uint32_t          set;

    if (!f || f->each) return OFZ_UNDEFINED;
    if (f->variable >= 0 && bound[f->variable].dtype) return bound[f->variable].dtype;
    set = f->types.tensor;
    if (!set || set & (set - 1) || f->types.seq || f->types.optional || f->types.optional_seq ||
        f->types.map || f->types.seq_map)
        return OFZ_UNDEFINED;
    for (int d = 1; d < 32; d++)
        if (set >> d & 1) return (ofz_dtype)d;
    return OFZ_UNDEFINED;
}

ofz_status ofz_signature_check_output(ofz_ctx *ctx, const ofz_signature *s, size_t index,
                                      const ofz_tensor *out, const ofz_variable_type *bound)
{
    const ofz_formal *f = ofz_signature_out(s, index);

    if (!f || !out || !out->dtype) return OFZ_OK;
    if (!allows(&f->types, out)) return wrong_type(ctx, "output", index, f, out);
    if (f->variable < 0 || f->each || !bound[f->variable].dtype ||
        bound[f->variable].dtype == out->dtype)
        return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "output %zu (%.*s): %s, want %s as input %d", index,
                    f->name_size, f->name, ofz_dtype_name(out->dtype),
                    ofz_dtype_name(bound[f->variable].dtype), bound[f->variable].input);
}
