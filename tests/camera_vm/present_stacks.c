/* Has the pages of moead-edge's stacks be there before anything is written to them; loaded into it in the virtual machines, from
 * /etc/ld.so.preload.
 *
 * For an error of qemu's emulation of x86 (7.2.22 at least): where `setcc MEMORY` is interrupted by the fault of a page that is not there yet,
 * the flags are lost, and it writes another answer when it is done again: `mul` by 3, then `seto` into a fresh page, says "overflow" each time.
 * A program that is built with checks for overflow keeps their outcome on the stack in that way, and panics where nothing is wrong. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, DEPTH = 512 * 1024, KEPT = 8 * PAGE };

struct thread {
    void *(*run)(void *);
    void *argument;
};

static int is_meant(void) { return strcmp(program_invocation_short_name, "moead-edge") == 0; }

/* Down from here, as far as programs go, and not to the end: guards lie there. */
static void touch(void) {
    pthread_attr_t about;
    void *lowest;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &about) != 0) return;
    int status = pthread_attr_getstack(&about, &lowest, &size);
    pthread_attr_destroy(&about);
    if (status != 0) return;
    char *here = __builtin_frame_address(0);
    for (char *page = here - PAGE; here - page < DEPTH && page - (char *)lowest > KEPT; page -= PAGE) *(volatile char *)page = 0;
}

static void *begin(void *given) {
    struct thread thread = *(struct thread *)given;
    free(given);
    touch();
    return thread.run(thread.argument);
}

int pthread_create(pthread_t *id, const pthread_attr_t *about, void *(*run)(void *), void *argument) {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    struct thread *thread = is_meant() ? malloc(sizeof *thread) : NULL;
    if (thread == NULL) return create(id, about, run, argument);
    *thread = (struct thread){run, argument};
    int status = create(id, about, begin, thread);
    if (status != 0) free(thread);
    return status;
}

__attribute__((constructor)) static void first(void) {
    if (is_meant()) touch();
}
