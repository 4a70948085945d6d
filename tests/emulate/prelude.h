/* SPDX-License-Identifier: Apache-2.0 */
/* Before the body of a test: registers, and sending on each console. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

int main(void);
void reset(void);
void hard_fault(void);
void systick(void);
void irq2(void);
void irq0(void);

#define UNUSED __attribute__((noinline, unused))

#ifdef NRF_UARTE
#define UARTE(offset) REG(0x40002000 + (offset))
static uint8_t buffer[64];
static void console(void) {
    UARTE(0x50C) = 6;
    UARTE(0x514) = 8;
    UARTE(0x524) = 0x10000000;
    UARTE(0x500) = 8;
}
UNUSED static void send(const char *text) {
    uint32_t n = 0;
    for (; text[n] != 0; n++) buffer[n] = (uint8_t)text[n];
    UARTE(0x120) = 0;
    UARTE(0x544) = (uint32_t)buffer;
    UARTE(0x548) = n;
    UARTE(0x008) = 1;
    while (UARTE(0x120) == 0) {
    }
}
#elif defined(CMSDK)
#define UART(offset) REG(CMSDK + (offset))
static void console(void) {
    UART(0x10) = CMSDK_DIVIDER;
    UART(0x08) = 1;
}
UNUSED static void send(const char *text) {
    for (; *text != 0; text++) {
        while (UART(0x04) & 1) {
        }
        UART(0x00) = (uint8_t)*text;
    }
}
#else
static void console(void) {}
UNUSED static void send(const char *text) { (void)text; }
#endif

UNUSED static void send_number(uint32_t value) {
    char digits[12];
    char *at = digits + 11;
    *at = 0;
    *--at = '\n';
    do {
        uint32_t rest = 0; /* the M0 has no divider, and there is no library */
        uint32_t quotient = 0;
        for (int bit = 31; bit >= 0; bit--) {
            rest = rest << 1 | ((value >> bit) & 1);
            quotient <<= 1;
            if (rest >= 10) {
                rest -= 10;
                quotient |= 1;
            }
        }
        *--at = (char)('0' + rest);
        value = quotient;
    } while (value != 0);
    send(at);
}
