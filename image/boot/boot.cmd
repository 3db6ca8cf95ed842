# Chooses the slot, counts its attempts down, starts its kernel. For U-Boot, on every board alike.
#
# The state (BOOT_ORDER, BOOT_A_LEFT, BOOT_B_LEFT: RAUC's names) lies in the partition "ab-env", twice: at 0 and at 512 KiB, in the
# format of U-Boot's redundant environment that fw_setenv writes too: CRC-32 of the data, 4 bytes; a counter, 1 byte; the data. A write
# always goes to the older copy, with the counter one higher: a cut in its midst leaves the newer one as it was. Not files of the FAT
# partition: a cut there can take the folder, and with it both.
#
# U-Boot's commands know the format without the counter (CRC, data). So the CRC is moved in memory to stand before the data, over
# the counter, and back again before a copy is written. Numbers are hexadecimal.
setenv ab_size 4000
setexpr ab_checked ${ab_size} - 1
setenv ab_blocks 20
setenv ab_vars "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT"
setexpr ab_1 ${scriptaddr} + 100000
setexpr ab_2 ${scriptaddr} + 110000
setexpr ab_spare ${scriptaddr} + 120000
${devtype} dev ${devnum}
part start ${devtype} ${devnum} ab-env ab_block_1
setexpr ab_block_2 ${ab_block_1} + 400

# One copy: from ab_block to ab_at; sets ab_count and the three variables, or fails.
setenv ab_load 'mw.b ${ab_at} 0 ${ab_size}; ${devtype} read ${ab_at} ${ab_block} ${ab_blocks}; setexpr ab_byte ${ab_at} + 4; setexpr.b ab_count *${ab_byte}; cp.b ${ab_at} ${ab_spare} 4; setexpr ab_crc ${ab_at} + 1; cp.b ${ab_spare} ${ab_crc} 4; env import -c ${ab_crc} ${ab_checked} ${ab_vars}'
setenv ab_load_1 'setenv ab_at ${ab_1}; setenv ab_block ${ab_block_1}; run ab_load'
setenv ab_load_2 'setenv ab_at ${ab_2}; setenv ab_block ${ab_block_2}; run ab_load'
# The three variables into the older copy, then that one is the newer.
setenv ab_save 'setexpr ab_byte ${ab_at} + 4; setexpr ab_crc ${ab_at} + 1; mw.b ${ab_at} 0 ${ab_size}; env export -c -s ${ab_checked} ${ab_crc} ${ab_vars}; cp.b ${ab_crc} ${ab_spare} 4; cp.b ${ab_spare} ${ab_at} 4; mw.b ${ab_byte} ${ab_count} 1; ${devtype} write ${ab_at} ${ab_block} ${ab_blocks}'

setenv ab_valid
setenv ab_note
if run ab_load_2; then setenv ab_valid 2; setenv ab_count_2 ${ab_count}; else echo "AB: copy 2 is not valid"; fi
if run ab_load_1; then setenv ab_valid 1${ab_valid}; setenv ab_count_1 ${ab_count}; else echo "AB: copy 1 is not valid"; fi
setenv ab_newer ${ab_valid}
if test "x${ab_valid}" = x12; then
  # Which one is newer, as libubootenv decides it: the higher counter, but 0 comes after ff.
  setenv ab_newer 1
  if itest.b ${ab_count_2} -gt ${ab_count_1}; then setenv ab_newer 2; fi
  if itest.b ${ab_count_1} -eq ff && itest.b ${ab_count_2} -eq 0; then setenv ab_newer 2; fi
  if itest.b ${ab_count_2} -eq ff && itest.b ${ab_count_1} -eq 0; then setenv ab_newer 1; fi
fi
if test "x${ab_newer}" = x; then
  # Both are gone: which slot was committed is forgotten, and Linux is told.
  setenv ab_note tram.ab_env=lost
  setenv ab_count 0
  setenv BOOT_ORDER
  setenv BOOT_A_LEFT
  setenv BOOT_B_LEFT
else
  run ab_load_${ab_newer}
fi
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
setenv ab_at ${ab_1}
setenv ab_block ${ab_block_1}
if test "x${ab_newer}" = x1; then setenv ab_at ${ab_2}; setenv ab_block ${ab_block_2}; fi
setexpr.b ab_count ${ab_count} + 1

setenv slot
for s in ${BOOT_ORDER}; do
  if test "x${slot}" = x; then
    if test "x${s}" = xA && test ${BOOT_A_LEFT} -gt 0; then
      setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
      setenv slot A
      setenv ab_root rootfs-a
    fi
    if test "x${s}" = xB && test ${BOOT_B_LEFT} -gt 0; then
      setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
      setenv slot B
      setenv ab_root rootfs-b
    fi
  fi
done
if test "x${slot}" = x; then
  # Better to try for ever than to stand still: what failed may have been the card, or the power.
  echo "AB: no attempts left in ${BOOT_ORDER}, both slots get three again"
  setenv ab_first
  for s in ${BOOT_ORDER}; do test -n "${ab_first}" || setenv ab_first ${s}; done
  if test "x${ab_first}" = xB; then setenv BOOT_ORDER "B A"; else setenv BOOT_ORDER "A B"; fi
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  run ab_save
  reset
fi
run ab_save || echo "AB: the attempt could not be written down"

echo "AB: slot ${slot} order ${BOOT_ORDER} left A=${BOOT_A_LEFT} B=${BOOT_B_LEFT} count ${ab_count} valid ${ab_valid} ${ab_note}"
# An emulator on a busy machine stands still for longer than the 15 s after which a watchdog takes a board for dead; and an address
# space of the kernel's own, which the kernel takes with KASLR, costs it every translated address at every system call.
setenv ab_board
if test "x${board}" = xqemu-arm; then setenv ab_board "systemd.watchdog_sec=60 nokaslr"; fi
# No console=: the device tree of the board says which line it is (stdout-path).
setenv bootargs "root=PARTLABEL=${ab_root} ro rootwait rootfstype=ext4 rauc.slot=${slot} panic=5 fsck.repair=yes systemd.gpt_auto=0 systemd.getty_auto=0 loglevel=4 ${ab_board} ${ab_note}"
part number ${devtype} ${devnum} ${ab_root} ab_part
load ${devtype} ${devnum}:${ab_part} ${kernel_addr_r} /boot/vmlinuz && load ${devtype} ${devnum}:${ab_part} ${ramdisk_addr_r} /boot/initrd.img && booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr}
echo "AB: slot ${slot} does not load"
reset
