/* SPDX-License-Identifier: Apache-2.0 */
/* MPS2 and MPS3 boards start with their clocks running. */
#include "startup/startup.h"

void ghost_startup_family(void) {}
