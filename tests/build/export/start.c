/* SPDX-License-Identifier: Apache-2.0 */
/* Reset for programs with newlib's semihosting. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern uint8_t data[], data_end[], __bss_start__[], __bss_end__[], __stack[];
extern const uint8_t data_load[];
void initialise_monitor_handles(void);
int main(void);

void reset(void) {
#if __ARM_ARCH_8_1M_MAIN__
    *(volatile uint32_t *)0xE000ED14u |= 1u << 19; /* low-overhead loops */
#endif
#if __ARM_ARCH >= 7
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* floating point, vectors */
#endif
    memcpy(data, data_load, (size_t)(data_end - data));
    memset(__bss_start__, 0, (size_t)(__bss_end__ - __bss_start__));
    initialise_monitor_handles();
    const int code = main();
    fflush(stdout);
    _exit(code);
}

static void stop(void) { _exit(3); }

__attribute__((section(".vectors"), used)) void *const vectors[16] = {__stack, reset, stop, stop};
