/* How often each block of a program runs under qemu's user emulation: the executed instructions, exactly.
 *
 * The same shared object is both a TCG plugin, which counts, and a preloaded library, which takes chance out: qemu
 * hands the program's getrandom to the kernel, and hash tables seeded by it walk in another order each time. Debian
 * ships no header for plugins, so the few functions used are declared here as QEMU documents them. Counts are exact
 * for programs of one thread.
 *
 * The listing has a line for each block translated: address, instructions in it, times executed. A block that was
 * translated twice has two lines. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*f)(uint64_t id, struct qemu_plugin_tb *block));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*f)(unsigned cpu, void *data),
                                                 int registers_used, void *data);
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*f)(uint64_t id, void *data), void *data);

/* The interface's version: 1 until QEMU 8, at least 2 from QEMU 9 on; what is used here is in both. */
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

struct block {
    uint64_t address, instructions, executions;
    struct block *next;
};

static struct block *blocks;
static FILE *listing;

static void executed(unsigned cpu, void *block) {
    (void)cpu;
    ((struct block *)block)->executions++;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    struct block *block = malloc(sizeof *block);
    if (!block) abort();
    *block = (struct block){qemu_plugin_tb_vaddr(tb), qemu_plugin_tb_n_insns(tb), 0, blocks};
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, block);
}

static void list(uint64_t id, void *data) {
    (void)id, (void)data;
    for (const struct block *b = blocks; b; b = b->next)
        fprintf(listing, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", b->address, b->instructions, b->executions);
    fclose(listing);
}

/* The plugin's one argument: listing=FILE. */
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    (void)info;
    const char *name = "listing=";
    if (argc != 1 || strncmp(argv[0], name, strlen(name))) return -1;
    listing = fopen(argv[0] + strlen(name), "w");
    if (!listing) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, list, NULL);
    return 0;
}

/* qemu passes the program's getrandom on by this function: it gets the same bytes in every run. */
EXPORT long syscall(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_getrandom) {
        memset((void *)a, 1, (size_t)b);
        return b;
    }
    long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return next(number, a, b, c, d, e, f);
}
