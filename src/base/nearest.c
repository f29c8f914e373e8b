#include "base/nearest.h"

#include <string.h>
#include <strings.h>

/* Longer ones are like none of ours. */
enum { LONGEST = 24, ALIKE = 2 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters are left out, added, changed, or swapped with the next one: the optimal string
 * alignment distance (F. Damerau, CACM 7(3), 1964).  Both of at most LONGEST bytes. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[LONGEST + 1][LONGEST + 1];
    size_t m = strlen(a), n = strlen(b);
    for (size_t i = 0; i <= m; i++)
        rows[i][0] = (unsigned)i;
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= m; i++)
        for (size_t j = 1; j <= n; j++) {
            unsigned other = a[i - 1] != b[j - 1];
            unsigned d = least(rows[i - 1][j], rows[i][j - 1]) + 1;
            d = least(d, rows[i - 1][j - 1] + other);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = least(d, rows[i - 2][j - 2] + 1);
            rows[i][j] = d;
        }
    return rows[m][n];
}

/* 0: the same; more than ALIKE: not like it. */
static unsigned unlike(const char *wrong, const char *word)
{
    size_t len = strlen(word);
    if (len > LONGEST || strlen(wrong) > LONGEST)
        return ALIKE + 1;
    if (strncasecmp(wrong, word, len) == 0)
        return 1;
    unsigned d = distance(wrong, word);
    /* Of a short word two letters are most of it. */
    return d < len - 1 ? d : ALIKE + 1;
}

const char *nearest_word(const char *wrong, nearest_word_fn *word)
{
    const char *best = NULL, *w;
    unsigned least_unlike = ALIKE + 1;
    for (size_t i = 0; (w = word(i)); i++) {
        unsigned d = unlike(wrong, w);
        if (d < least_unlike) {
            least_unlike = d;
            best = w;
        }
    }
    return best;
}
