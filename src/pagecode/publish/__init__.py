"""What is made of the pages besides the site's HTML, and what is put into it so that it can be published."""
