#include "job/signature.h"

#include <openssl/pem.h> /* before cms.h, which else does not declare PEM_read_bio_CMS() */

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNATURE_MAX = 1024 * 1024 };

enum realm { REALM_NONE, REALM_LAB, REALM_PRODUCTION, REALM_MIXED };

/* The last reason of the crypto library, which explains the others. */
static const char *library_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	return reason ? reason : "no reason given";
}

static enum realm realm_of(const X509 *certificate)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	enum realm realm = REALM_NONE;

	for (int at = -1;
		(at = X509_NAME_get_index_by_NID(name, NID_organizationalUnitName, at)) >= 0;) {
		const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
		const char *text = (const char *)ASN1_STRING_get0_data(s);
		size_t n = (size_t)ASN1_STRING_length(s);
		enum realm found = REALM_NONE;

		if (n == 3 && !memcmp(text, "LAB", 3))
			found = REALM_LAB;
		else if (n == 10 && !memcmp(text, "PRODUCTION", 10))
			found = REALM_PRODUCTION;
		if (found && realm && found != realm)
			return REALM_MIXED;
		realm = found ? found : realm;
	}
	return realm;
}

/* What the whole chain says: one realm, or none. */
static enum realm realm_of_chain(X509_STORE *trusted, X509 *signer, STACK_OF(X509) * others)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum realm realm = REALM_NONE;

	if (ctx && X509_STORE_CTX_init(ctx, trusted, signer, others) == 1 &&
		X509_STORE_CTX_set_default(ctx, "smime_sign") == 1 && X509_verify_cert(ctx) == 1) {
		STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);

		realm = realm_of(sk_X509_value(chain, 0));
		for (int i = 1; i < sk_X509_num(chain); i++)
			if (realm_of(sk_X509_value(chain, i)) != realm)
				realm = REALM_MIXED;
	}
	X509_STORE_CTX_free(ctx);
	return realm;
}

static CMS_ContentInfo *read_cms(const char *path, struct err *err)
{
	CMS_ContentInfo *cms = NULL;
	char *text = NULL;
	size_t n = 0;
	BIO *bio;

	if (file_read(path, SIGNATURE_MAX, &text, &n, err) < 0)
		return NULL;
	bio = BIO_new_mem_buf(text, (int)n);
	if (bio)
		cms = n > 10 && !memcmp(text, "-----BEGIN", 10)
			      ? PEM_read_bio_CMS(bio, NULL, NULL, NULL)
			      : d2i_CMS_bio(bio, NULL);
	BIO_free(bio);
	free(text);
	if (!cms)
		err_set(err, E_CONFIG, "%s: is no CMS signature", path);
	return cms;
}

static X509_STORE *read_trust(const char *path, struct err *err)
{
	X509_STORE *store = X509_STORE_new();

	/* The signer's own certificate may be the trusted one. */
	if (!store || X509_STORE_load_file(store, path) != 1 ||
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
		X509_STORE_free(store);
		err_set(err, E_CONFIG, "%s: holds no certificate in PEM that can be trusted", path);
		return NULL;
	}
	return store;
}

static void name_signer(X509 *certificate, char out[JOB_SIGNER])
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *serial = n ? BN_bn2hex(n) : NULL;
	char name[64] = "";

	X509_NAME_get_text_by_NID(
		X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
	snprintf(out, JOB_SIGNER, "%.63s (%.40s)", name, serial ? serial : "");
	OPENSSL_free(serial);
	BN_free(n);
}

static int verify(CMS_ContentInfo *cms, X509_STORE *trusted, const char *path, const char *text,
	size_t length, struct job_signature *out, struct err *err)
{
	BIO *content = BIO_new_mem_buf(text, (int)length);
	STACK_OF(X509) *signers = NULL, *others = NULL;
	enum realm realm;
	int ret = 0;

	if (!content || CMS_is_detached(cms) != 1 ||
		CMS_verify(cms, NULL, trusted, content, NULL, CMS_BINARY) != 1) {
		ret = err_set(err, E_CONFIG, "%s: its signature does not hold: %s", path,
			content && CMS_is_detached(cms) != 1 ? "it is not detached"
							     : library_reason());
		goto out;
	}
	signers = CMS_get0_signers(cms);
	others = CMS_get1_certs(cms);
	if (sk_X509_num(signers) != 1) {
		ret = err_set(err, E_CONFIG, "%s: must have one signer", path);
		goto out;
	}
	realm = realm_of_chain(trusted, sk_X509_value(signers, 0), others);
	if (realm != REALM_LAB && realm != REALM_PRODUCTION)
		ret = err_set(err, E_CONFIG,
			"%s: its certificates must all name the unit LAB or all PRODUCTION", path);
	out->production = realm == REALM_PRODUCTION;
	name_signer(sk_X509_value(signers, 0), out->signer);
out:
	sk_X509_free(signers);
	sk_X509_pop_free(others, X509_free);
	BIO_free(content);
	return ret;
}

int signature_verify(const char *path, const char *text, size_t length, const char *trust,
	struct job_signature *signature, struct err *err)
{
	char beside[4096];
	CMS_ContentInfo *cms;
	X509_STORE *trusted;
	int ret = E_CONFIG;

	if (snprintf(beside, sizeof(beside), "%s.cms", path) >= (int)sizeof(beside))
		return err_set(err, E_CONFIG, "%s: name too long", path);
	if (access(beside, F_OK) < 0)
		return err_set(err, E_CONFIG, "%s: is not signed: there is no %s", path, beside);
	ERR_clear_error();
	cms = read_cms(beside, err);
	trusted = cms ? read_trust(trust, err) : NULL;
	if (trusted)
		ret = verify(cms, trusted, path, text, length, signature, err);
	X509_STORE_free(trusted);
	CMS_ContentInfo_free(cms);
	return ret;
}

/* ---- making ---- */

static int write_cms(CMS_ContentInfo *cms, const char *path, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char beside[4096], *bytes = NULL;
	long n = 0;
	int ret;

	snprintf(beside, sizeof(beside), "%s.cms", path);
	if (bio && i2d_CMS_bio(bio, cms) == 1)
		n = BIO_get_mem_data(bio, &bytes);
	ret = n > 0 ? file_write(beside, FILE_SHARED, bytes, (size_t)n, err)
		    : err_set(err, E_SYSTEM, "the crypto library refuses to sign");
	BIO_free(bio);
	return ret;
}

int signature_make_lab(const char *path, const char *text, size_t length, const char *certificate,
	const char *key, struct err *err)
{
	BIO *certificate_file = BIO_new_file(certificate, "r"), *key_file = BIO_new_file(key, "r");
	BIO *content = BIO_new_mem_buf(text, (int)length);
	X509 *signer = NULL;
	EVP_PKEY *private_key = NULL;
	CMS_ContentInfo *cms = NULL;
	int ret;

	if (certificate_file)
		signer = PEM_read_bio_X509(certificate_file, NULL, NULL, NULL);
	if (key_file)
		private_key = PEM_read_bio_PrivateKey(key_file, NULL, NULL, NULL);
	if (!signer)
		ret = err_set(err, E_CONFIG, "%s: holds no certificate in PEM", certificate);
	else if (!private_key)
		ret = err_set(err, E_CONFIG, "%s: holds no private key in PEM", key);
	else if (realm_of(signer) != REALM_LAB)
		ret = err_set(err, E_CONFIG, "%s: is not for LAB: only lab jobs are made here",
			certificate);
	else if (!(cms = CMS_sign(signer, private_key, NULL, content,
			   CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP)))
		ret = err_set(err, E_CONFIG, "%s: can't sign for %s: %s", key, certificate,
			library_reason());
	else
		ret = write_cms(cms, path, err);
	CMS_ContentInfo_free(cms);
	EVP_PKEY_free(private_key);
	X509_free(signer);
	BIO_free(content);
	BIO_free(key_file);
	BIO_free(certificate_file);
	return ret;
}
