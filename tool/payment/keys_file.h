/*
 * Key provider "file": masters in a text file. For the lab only; every record is stamped LAB.
 *
 * The file has one line a key, "NAME HEX KCV" with NAME one of KMC, MPK, MLK, MTK (16 bytes; KCV 3
 * bytes, checked; AES for KMC), a line "set NAME", and comments after '#'. The purse masters serve
 * both algorithms; their KCV is the one under 3DES.
 */
#ifndef PAYMENT_KEYS_FILE_H
#define PAYMENT_KEYS_FILE_H

#include "payment/keys.h"

extern const struct keys_driver keys_file;

#endif
