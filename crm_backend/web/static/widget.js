/* <deskmate-chat>: the chat with the shop, in one script tag and without dependencies.

   <script type="module" src="https://chat.shop.example/static/widget.js"></script>

   docs/widget.md describes attributes, methods and CSS variables. */

import("./widget/element.js");
