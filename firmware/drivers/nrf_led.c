/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "drivers/nrf_gpio.h"
#include "runtime/led.h"

void ghost_led_set(bool on) {
  nrf_gpio_output(BOARD_LED_PIN, (on ? 1u : 0u) ^ BOARD_LED_ACTIVE_LOW);
}
