/* network.download: a url to a file, whole or not at all. */
#include "stdlib-caps/network/web_part.h"

#include "capspec/digest.h"
#include "stdlib-caps/common/answer.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"

#include <string.h>
#include <unistd.h>

static struct transfer transfer;         /* a child serves one call */
static struct krux_sha256_state sha256;

/* The lock is held until the file is there: what was decided is a path, and nobody is to move it meanwhile. */
bool network_download_open(struct handler_call *c)
{
	struct stat st;
	bool there;

	if (!change_lock(c) || !place_open(c, 0, "path", PLACE_CHANGE | PLACE_BELOW | PLACE_TARGET) || !change_begin(c) ||
	    !change_replaceable(c, &c->place[0], &st, &there))
		return false;
	if (there && arg_is(c, "mode", "create"))
		return handler_fail(c, "Exists", "A file is there.");
	c->st = st;
	c->st.st_mode = there ? st.st_mode : S_IFREG | 0644;
	c->st.st_nlink = there;
	handler_grant(c, c->place[0].folder, RIGHT_NAMES);
	return transfer_open(c, &transfer, (size_t)arg_uint(c, "limit"));
}

static bool content_write(void *ctx, const void *p, size_t n)
{
	struct handler_call *c = ctx;

	krux_sha256_add(&sha256, p, n);
	return change_write(c, c->fd, p, n, c->place[0].path);
}

static bool is_whole(struct handler_call *c)
{
	char *to = NULL;

	if (transfer.truncated)
		return handler_fail(c, "TooLarge", "There is more than %llu bytes of it.", (unsigned long long)transfer.limit);
	if (transfer.status >= 200 && transfer.status < 300)
		return true;
	curl_easy_getinfo(transfer.curl, CURLINFO_REDIRECT_URL, &to);
	return handler_fail(c, "NotGiven", "The server answered %ld%s%.300s.", transfer.status, to ? " and leads to " : "",
	                    to ? to : "");
}

/* What is left of the file where it is not kept is nothing. */
static bool file_receive(struct handler_call *c)
{
	char id[CHANGE_ID + 1];
	int fd = change_file(c, id);

	if (fd < 0)
		return false;
	c->fd = fd;
	transfer.takes = content_write;
	transfer.ctx = c;
	krux_sha256_start(&sha256);
	if (!transfer_run(&transfer, arg_uint(c, "timeout_ms")) || !is_whole(c)) {
		unlinkat(c->temp, id, 0);
		return false;
	}
	return change_install(c, fd, id, &c->place[0], c->st.st_mode, c->st.st_nlink);
}

bool network_download_run(struct handler_call *c)
{
	uint8_t digest[KRUX_SHA256];
	struct answer a;

	if (!transfer_headers(&transfer, NULL) || !file_receive(c))
		return false;
	krux_sha256_end(&sha256, digest);
	answer_begin(&a, c->pool);
	answer_text(&a, "path", c->place[0].path);
	answer_uint(&a, "status", (uint64_t)transfer.status);
	answer_uint(&a, "size", transfer.n);
	answer_digest(&a, "sha256", digest);
	answer_bool(&a, "created", !c->st.st_nlink);
	return answer_give(&a, c, "IoError");
}
