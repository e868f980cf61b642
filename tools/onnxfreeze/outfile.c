/* Output files: never over an input by accident, never half written. */
#include "outfile.h"

#include "jsonout.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of `path`; the caller frees. */
static char *folder_of(const char *path)
{
    const char *slash  = strrchr(path, '/');
    size_t      size   = slash ? (size_t)(slash - path) : 0;
    char       *folder = ofz_cli_realloc(NULL, size + 2, 1);

    if (slash && !size) size = 1; /* the root */
    memcpy(folder, size ? path : ".", size ? size : 1);
    folder[size ? size : 1] = '\0';
    return folder;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int ofz_cli_outfile_same(const char *a, const char *b)
{
    struct stat sa, sb;
    const int   there_a = stat(a, &sa) == 0, there_b = stat(b, &sb) == 0;
    char       *fa, *fb;
    int         same;

    if (there_a != there_b) return 0;
    if (there_a) return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
    fa   = folder_of(a);
    fb   = folder_of(b);
    same = stat(fa, &sa) == 0 && stat(fb, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino && strcmp(name_of(a), name_of(b)) == 0;
    free(fa);
    free(fb);
    return same;
}

int ofz_cli_outfile_check(ofz_cli *cli, const char *what, const char *path)
{
    struct stat st;
    char       *folder = folder_of(path);
    int         code   = OFZ_EXIT_OK;

    if (stat(folder, &st))
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, "create the folder first", "%s: %s: %s", what,
                             folder, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "%s: %s: not a folder", what, folder);
    else if (access(folder, W_OK | X_OK))
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, "choose a folder that you may write to",
                             "%s: %s: %s", what, folder, strerror(errno));
    else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, "name a file", "%s: %s: %s, want a file", what,
                             path, S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
    free(folder);
    return code;
}

int ofz_cli_outfile_apart(ofz_cli *cli, const char *what, const char *path, const char *input,
                          const char *hint)
{
    if (!path || !input || !ofz_cli_outfile_same(path, input)) return OFZ_EXIT_OK;
    return ofz_cli_error(cli, OFZ_EXIT_USAGE, hint ? hint : "name another file",
                         "%s: %s: would overwrite %s", what, path, input);
}

int ofz_cli_outfile_model(ofz_cli *cli, const char *model, int in_place, const char **out)
{
    int code;

    if (!*out && in_place) *out = model;
    if (!*out)
        return ofz_cli_error(cli, OFZ_EXIT_USAGE, "add -o OUT", "%s: no output file given",
                             cli->command);
    if (!in_place) {
        code = ofz_cli_outfile_apart(cli, "-o", *out, model,
                                     "name another file, or add --in-place to replace the input");
        if (code) return code;
    }
    return ofz_cli_outfile_check(cli, "-o", *out);
}

int ofz_cli_outfile_json(ofz_cli *cli, const char *path, json_t *root)
{
    char *temporary;
    FILE *f;
    int   fd, broken, code;

    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) temporary = NULL;
    fd = temporary ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)
                   : -1;
    f  = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "%s: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        json_decref(root);
        free(temporary);
        return code;
    }
    code   = ofz_cli_json_print(cli, root, f);
    errno  = 0;
    broken = ferror(f) | fflush(f) | fsync(fileno(f));
    broken |= fclose(f);
    if (!code && (broken || rename(temporary, path)))
        code = ofz_cli_error(cli, OFZ_EXIT_FAILED, NULL, "%s: %s", path,
                             strerror(errno ? errno : EIO));
    if (code) unlink(temporary);
    free(temporary);
    return code;
}
