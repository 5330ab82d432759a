/*
 * The station's own signature: Ed25519 (RFC 8032). Its public key is the station's name.
 */
#ifndef CORE_SIGNER_H
#define CORE_SIGNER_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

enum { SIGNER_KEY = 32, SIGNER_SIGNATURE = 64, SIGNER_NAME = 2 * SIGNER_KEY + 1 };

struct signer;

/* Reads a private key: PEM, as `openssl genpkey -algorithm ed25519` makes it. E_CONFIG names the
 * file. */
int signer_open(struct signer **signer, const char *path, struct err *err);
void signer_close(struct signer *signer); /* takes NULL */

/* The public key as 64 hex digits: the station's name. */
void signer_name(const struct signer *signer, char name[SIGNER_NAME]);

/* The name in a PEM file of a public key (`openssl pkey -pubout`) or of a private one. */
int signer_read_name(const char *path, char name[SIGNER_NAME], struct err *err);

/* Signs n bytes; the same bytes always get the same signature. */
int signer_sign(const struct signer *signer, const void *bytes, size_t n,
	uint8_t signature[SIGNER_SIGNATURE], struct err *err);

/* 1 if the signature over these bytes is this station's, else 0. */
int signer_verify(
	const char *name, const void *bytes, size_t n, const uint8_t signature[SIGNER_SIGNATURE]);

#endif
