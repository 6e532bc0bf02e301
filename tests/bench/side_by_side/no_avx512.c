// Answers `cpuid` for programs in which it was replaced by an opcode that no processor knows, and leaves AVX-512 and all that
// came after AVX2 for products out of the answer. Loaded with LD_PRELOAD; avx2.py replaces, and builds this.
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

static const unsigned char REPLACED[2] = {0x0f, 0x04};

static unsigned without(unsigned bits, const unsigned char *left_out, size_t count) {
    for (size_t i = 0; i < count; i++) bits &= ~(1u << left_out[i]);
    return bits;
}

#define WITHOUT(bits, ...) without(bits, (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}))

// What the processor says, by the bits of Intel's manual, volume 2A, CPUID.
static void answer(unsigned leaf, unsigned subleaf, unsigned *eax, unsigned *ebx, unsigned *ecx, unsigned *edx) {
    __cpuid_count(leaf, subleaf, *eax, *ebx, *ecx, *edx);
    if (leaf == 7 && subleaf == 0) {
        *ebx = WITHOUT(*ebx, 16, 17, 21, 26, 27, 28, 30, 31);  // F, DQ, IFMA, PF, ER, CD, BW, VL
        *ecx = WITHOUT(*ecx, 1, 6, 11, 12, 14);                // VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ
        *edx = WITHOUT(*edx, 2, 3, 8, 22, 23, 24, 25);         // 4VNNIW, 4FMAPS, VP2INTERSECT, AMX and FP16
    } else if (leaf == 7 && subleaf == 1) {
        *eax = WITHOUT(*eax, 4, 5, 21, 23);  // AVX-VNNI, BF16, AMX-FP16, AVX-IFMA
        *edx = WITHOUT(*edx, 4, 5, 10, 19);  // AVX-VNNI-INT8, AVX-NE-CONVERT, AVX-VNNI-INT16, AVX10
    }
}

static void on_illegal(int number, siginfo_t *info, void *context) {
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (memcmp((const void *)registers[REG_RIP], REPLACED, sizeof REPLACED) != 0) {
        signal(number, SIG_DFL);  // a fault of the program's own: it runs into it again, and ends
        return;
    }
    unsigned eax, ebx, ecx, edx;
    answer((unsigned)registers[REG_RAX], (unsigned)registers[REG_RCX], &eax, &ebx, &ecx, &edx);
    registers[REG_RAX] = eax;
    registers[REG_RBX] = ebx;
    registers[REG_RCX] = ecx;
    registers[REG_RDX] = edx;
    registers[REG_RIP] += sizeof REPLACED;
}

__attribute__((constructor)) static void install(void) {
    struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    sigaction(SIGILL, &action, NULL);
}
